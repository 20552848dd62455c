/**
 * Every code of a {@link WebhookError}, with the HTTP status of its response. No other place maps codes to statuses.
 */
const statusByCode = {
  missing_signature: 401,
  malformed_signature: 401,
  signature_mismatch: 401,
  missing_timestamp: 401,
  malformed_timestamp: 401,
  timestamp_outside_tolerance: 401,
  event_expired: 401,
  invalid_utf8: 400,
  invalid_json: 400,
  invalid_envelope: 400,
  schema_mismatch: 422,
  method_not_allowed: 405,
  body_too_large: 413,
  duplicate_in_progress: 409,
  body_already_parsed: 500,
  handler_failed: 500,
  notifier_failed: 500,
  misconfigured: 500,
  handler_timeout: 503,
  replay_store_unavailable: 503,
} as const;

/** A stable, machine-readable name of an error. The response body has nothing else: `{"error":"<code>"}`. */
export type WebhookErrorCode = keyof typeof statusByCode;

/** Details of a {@link WebhookError} besides its code and message. */
export interface WebhookErrorOptions {
  /** The likely cause and its fix, if known. For logs, never for the response. */
  hint?: string | undefined;
  /** The underlying error: the exception of a handler or a parser. */
  cause?: unknown;
}

// A registered symbol, because the ESM and the CJS copy of this module, or two installed versions,
// have different classes but must recognise each other's errors.
const brand = Symbol.for('@hostwares/webhooks.WebhookError');

/**
 * The error that this library throws for a rejected request or a failed event. A mistake in the program
 * (an empty secret, a negative tolerance) is a `TypeError` instead, thrown at set-up.
 *
 * Neither `message` nor `hint` contains a secret, an expected signature or a part of the body. The exception is
 * `schema_mismatch`: its hint is the message of your schema, and some libraries quote the value in it.
 *
 * @example
 * try {
 *   const event = await verifyWebhook(request, { secret });
 * } catch (error) {
 *   if (!isWebhookError(error)) throw error;
 *   console.warn(error.code, error.message, error.hint);
 *   return new Response(null, { status: error.status });
 * }
 */
export class WebhookError extends Error {
  /** The stable name of the error, see {@link WebhookErrorCode}. */
  declare readonly code: WebhookErrorCode;
  /** The HTTP status of the response. */
  declare readonly status: number;
  /**
   * True if the failure is on the receiving side and may be temporary (5xx, 409), so that the platform's
   * next attempt can succeed; false if the request itself is rejected.
   */
  declare readonly retryable: boolean;
  /** The likely cause and its fix, if known. Log it, but do not send it in the response. */
  declare readonly hint?: string;

  /** For `duplicate_in_progress`: the milliseconds after which to retry. Sent as `Retry-After`. */
  declare readonly retryAfterMs?: number;

  constructor(code: WebhookErrorCode, message: string = code, options: WebhookErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = statusByCode[code];
    this.retryable = this.status > 499 || this.status === 409;
    if (options.hint) this.hint = options.hint;
  }

  // A literal, so that minification of class names does not change it.
  override get name(): 'WebhookError' {
    return 'WebhookError';
  }

  /** @internal */
  get [brand](): boolean {
    return true;
  }
}

/**
 * Tells whether a caught value is a {@link WebhookError}. Use it instead of `instanceof`, which
 * fails if a program loads both the ESM and the CJS copy of this package.
 *
 * @example
 * if (isWebhookError(error) && error.code === 'signature_mismatch') metrics.increment('forged');
 */
export function isWebhookError(value: unknown): value is WebhookError {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}
