import { bodyBytes, defaultMaxBodyBytes, readRequest } from './body.js';
import { WebhookError } from './errors.js';
import { parseEvent } from './events/parse.js';
import type { WebhookEvent } from './events/types.js';
import { signatureHeader, singleHeader, timestampHeader, type HeadersLike } from './headers.js';
import { explainMismatch, explainSignature, explainTimestamp } from './hints.js';
import { resolveSecrets, type SecretResolver, type SecretSource } from './secrets.js';
import { matchesAny, parseSignature } from './signature.js';

/** How far the timestamp header may be off, in seconds, where nothing else is said (contract section 3). */
const defaultToleranceSeconds = 300;

/** Options of {@link verifyWebhook}. */
export interface VerifyOptions {
  /** The endpoint's signing secret, several, or a function that gets them. See {@link SecretSource}. */
  secret: SecretSource;
  /**
   * How far the timestamp header may be from the clock, in seconds, in both directions. `0` means the
   * very same second; `false` does not look at the header at all. The header is not signed, so it
   * guards against delays and wrong clocks, not against an attacker who replays a request.
   * @default 300
   */
  toleranceSeconds?: number | false;
  /**
   * Most bytes a body may have; a larger one is `body_too_large` before it is hashed.
   * @default 1048576
   */
  maxBodyBytes?: number;
  /**
   * The clock, in milliseconds since 1970.
   * @default Date.now
   */
  now?: () => number;
}

/** A request for {@link verifyWebhook} where there is no web `Request`. */
export interface RawRequest {
  /** The body exactly as received. A string is taken as its UTF-8 bytes. */
  body: Uint8Array | ArrayBuffer | string;
  /** The request's headers, in any of the usual forms. */
  headers: HeadersLike;
}

/** Checked options, ready for any number of requests. */
export interface Verification {
  readonly secrets: SecretResolver;
  readonly toleranceSeconds: number | false;
  readonly maxBodyBytes: number;
  readonly now: () => number;
}

/** Checks the options. Throws `TypeError`. */
export function prepareVerification(options: VerifyOptions): Verification {
  const { toleranceSeconds = defaultToleranceSeconds, maxBodyBytes = defaultMaxBodyBytes, now = Date.now } = options;
  if (toleranceSeconds !== false && !(Number.isFinite(toleranceSeconds) && toleranceSeconds >= 0)) {
    throw new TypeError('toleranceSeconds must be a number of seconds, 0 or more, or false to switch it off.');
  }
  if (!(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes > 0)) {
    throw new TypeError('maxBodyBytes must be a whole number above 0.');
  }
  return { secrets: resolveSecrets(options.secret), toleranceSeconds, maxBodyBytes, now };
}

/** Returns the signature's digits. Headers are looked at first: a request without them is not read. */
function checkSignatureHeader(headers: HeadersLike): string {
  const header = singleHeader(headers, signatureHeader);
  if (header === undefined) {
    throw new WebhookError('missing_signature', 'The X-Hostwares-Signature header is missing.', {
      hint: 'The request is not from Hostwares, or a proxy removed the header.',
    });
  }
  const digits = parseSignature(header);
  if (digits === undefined) {
    throw new WebhookError(
      'malformed_signature',
      'The X-Hostwares-Signature header is not sha256= and 64 lower-case hex digits, once.',
      { hint: explainSignature(header) },
    );
  }
  return digits;
}

function checkTimestampHeader(headers: HeadersLike, toleranceSeconds: number, now: () => number): void {
  const header = singleHeader(headers, timestampHeader);
  if (header === undefined) {
    throw new WebhookError('missing_timestamp', 'The X-Hostwares-Timestamp header is missing.', {
      hint: 'The request is not from Hostwares, or a proxy removed the header.',
    });
  }
  // Canonical decimal and short enough to be exact. `Number` would take "1e9", " 1" and "0x1" too.
  if (header === null || !/^(?:0|[1-9]\d{0,14})$/.test(header)) {
    throw new WebhookError(
      'malformed_timestamp',
      'The X-Hostwares-Timestamp header is not a time in whole Unix seconds, in decimal digits, once.',
    );
  }
  const seconds = Number(header);
  const difference = Math.floor(now() / 1000) - seconds;
  // Negated, so that a clock that gives NaN refuses.
  if (!(Math.abs(difference) <= toleranceSeconds)) {
    throw new WebhookError(
      'timestamp_outside_tolerance',
      `The X-Hostwares-Timestamp header is more than ${toleranceSeconds} s off.`,
      { hint: explainTimestamp(seconds, difference) },
    );
  }
}

/**
 * The whole check, from headers and a way to get the body to an event. `context` is for the secret
 * function. `explain` off saves the work of finding a cause that nobody would read.
 */
export async function verifyRequest(
  verification: Verification,
  headers: HeadersLike,
  getBody: (maxBytes: number) => Uint8Array | Promise<Uint8Array>,
  context: unknown,
  explain: boolean,
): Promise<WebhookEvent> {
  const digits = checkSignatureHeader(headers);
  if (verification.toleranceSeconds !== false) {
    checkTimestampHeader(headers, verification.toleranceSeconds, verification.now);
  }
  const given = getBody(verification.maxBodyBytes);
  const body = given instanceof Promise ? await given : given;
  const secrets = typeof verification.secrets === 'function' ? await verification.secrets(context) : verification.secrets;
  const matched = matchesAny(body, digits, secrets);
  if (!(typeof matched === 'boolean' ? matched : await matched)) {
    throw new WebhookError('signature_mismatch', 'The signature does not fit the body and the secret.', {
      hint: explain ? await explainMismatch(body, digits, secrets, headers) : undefined,
    });
  }
  return parseEvent(body);
}

/**
 * Verifies a webhook request and returns its event (contract sections 2 and 3). The signature is
 * checked over the exact bytes, in constant time; only then are they decoded and parsed.
 *
 * It does **not** protect from a replay of a genuine request: the timestamp header is not signed.
 * Deduplicate by `event.id`.
 *
 * @param request - A web `Request` whose body nobody has read, or the raw body with the headers.
 * @throws {@link WebhookError} for a request that does not pass: `missing_signature`,
 * `malformed_signature`, `signature_mismatch`, `missing_timestamp`, `malformed_timestamp`,
 * `timestamp_outside_tolerance` (401), `invalid_utf8`, `invalid_json`, `invalid_envelope` (400),
 * `body_too_large` (413), `body_already_parsed`, `misconfigured` (500).
 * @throws `TypeError` for options that cannot work, such as an empty secret.
 *
 * @example
 * export default {
 *   async fetch(request: Request, env: Env) {
 *     const event = await verifyWebhook(request, { secret: env.HOSTWARES_WEBHOOK_SECRET });
 *     console.log(event.event, event.id);
 *     return new Response(null, { status: 204 });
 *   },
 * };
 */
export async function verifyWebhook(request: Request | RawRequest, options: VerifyOptions): Promise<WebhookEvent> {
  const isRaw = !(typeof (request as Request).arrayBuffer === 'function');
  return verifyRequest(
    prepareVerification(options),
    request.headers,
    (maxBytes) => (isRaw ? bodyBytes(request.body, maxBytes) : readRequest(request as Request, maxBytes)),
    request,
    true,
  );
}
