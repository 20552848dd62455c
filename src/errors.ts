/**
 * Every code a {@link WebhookError} can carry, with the HTTP status it is answered with.
 * The one place where a code meets its status.
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

/** What went wrong, as a stable machine-readable name. It is also the whole answer: `{"error":"<code>"}`. */
export type WebhookErrorCode = keyof typeof statusByCode;

/** What a {@link WebhookError} may say beyond its code and message. */
export interface WebhookErrorOptions {
  /** The likely cause and its fix, where it can be told. For logs, never for the answer. */
  hint?: string | undefined;
  /** The error underneath: what a handler threw, what a parser said. */
  cause?: unknown;
}

// A registered symbol: the ESM and the CJS copy of this module, or two installed versions,
// have different classes but the same brand.
const brand = Symbol.for('@hostwares/webhooks.WebhookError');

/**
 * The one error this library throws for a request that did not pass. A mistake in the program
 * (an empty secret, a negative tolerance) is a `TypeError` instead, thrown at set-up.
 *
 * Neither `message` nor `hint` ever holds a secret, an expected signature or a part of the body, but for
 * `schema_mismatch`: its hint is what your schema says, and some libraries quote the value.
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
  /** Stable name of the fault, see {@link WebhookErrorCode}. */
  declare readonly code: WebhookErrorCode;
  /** The HTTP status to answer with. */
  declare readonly status: number;
  /**
   * True where the fault is on the receiving side and may pass (5xx, 409), so that the platform's
   * next attempt of the same event can succeed; false where the request itself is refused.
   */
  declare readonly retryable: boolean;
  /** The likely cause and its fix, where it can be told. Log it; do not send it back. */
  declare readonly hint?: string;

  /** For `duplicate_in_progress`: the milliseconds after which a retry makes sense. Sent as `Retry-After`. */
  declare readonly retryAfterMs?: number;

  constructor(code: WebhookErrorCode, message: string = code, options: WebhookErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.status = statusByCode[code];
    this.retryable = this.status > 499 || this.status === 409;
    if (options.hint) this.hint = options.hint;
  }

  // A literal, so that minified class names do not change it.

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
 * fails where an ESM and a CJS copy of this package meet in one program.
 *
 * @example
 * if (isWebhookError(error) && error.code === 'signature_mismatch') metrics.increment('forged');
 */
export function isWebhookError(value: unknown): value is WebhookError {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}
