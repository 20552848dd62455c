/** Every code a {@link SenderError} can carry, with the HTTP status of the API's answer. */
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

export type SenderErrorCode = keyof typeof statusByCode;

const brand = Symbol.for('@hostwares/webhooks/SenderError');

/** What the sender throws for a call that asks for what cannot be. It holds no secret. */
export class SenderError extends Error {
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

/** Tells whether a caught value is a {@link SenderError}, of whichever copy of this package. */
export function isSenderError(value: unknown): value is SenderError {
  return typeof value === 'object' && value !== null && (value as { [brand]?: unknown })[brand] === true;
}
