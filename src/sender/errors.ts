/** Every code of a {@link SenderError}, with the HTTP status that the API answers with. */
const statusByCode = {
  invalid_url: 422,
  invalid_events: 422,
  invalid_secret: 422,
  invalid_event: 422,
  invalid_page: 422,
  payload_too_large: 413,
  not_found: 404,
  too_many_endpoints: 422,
} as const;

/** A stable name for the reason why the sender rejected a call. */
export type SenderErrorCode = keyof typeof statusByCode;

const brand = Symbol.for('@hostwares/webhooks/SenderError');

/**
 * The error that a sender throws if it rejects a call: `code` names the reason. Its message contains no secret.
 *
 * A mistake in the program, such as an unknown option, throws a `TypeError` instead.
 *
 * @example
 * try {
 *   await sender.createEndpoint({ url, events });
 * } catch (error) {
 *   if (!isSenderError(error)) throw error;
 *   console.warn(error.code, error.message);
 * }
 */
export class SenderError extends Error {
  /** The reason, see {@link SenderErrorCode}. */
  readonly code: SenderErrorCode;
  /** The HTTP status that the API answers with. */
  readonly status: (typeof statusByCode)[SenderErrorCode];

  constructor(code: SenderErrorCode, message: string) {
    super(message);
    this.code = code;
    this.status = statusByCode[code];
  }

  override get name(): 'SenderError' {
    return 'SenderError';
  }

  /** @internal */
  get [brand](): boolean {
    return true;
  }
}

/**
 * Returns true if a caught value is a {@link SenderError}. Unlike `instanceof`, it also recognises errors of another
 * installed copy of this package.
 */
export function isSenderError(value: unknown): value is SenderError {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}

/** The longest part of a rejected value that an error message repeats, in characters. */
const maxQuotedLength = 80;

/** Quotes a value that the caller passed, truncated, for an error message. */
export function quote(text: string): string {
  return JSON.stringify(text.length > maxQuotedLength ? `${text.slice(0, maxQuotedLength)}…` : text);
}

/** Creates the error for an id that does not exist. */
export function notFound(kind: 'delivery' | 'endpoint', id: string): SenderError {
  return new SenderError('not_found', `There is no ${kind} with the id ${quote(id)}.`);
}
