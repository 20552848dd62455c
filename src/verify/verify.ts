import { bodyBytes, readRequest } from './body.js';
import { isWebhookError, WebhookError } from '../errors.js';
import { parseEvent } from '../events/parse.js';
import type { WebhookEvent } from '../events/types.js';
import { findSignedHeaders, type HeadersLike } from './headers.js';
import { resolveSecrets, type Secret, type SecretResolver, type SecretSource } from '../signing/secrets.js';
import { matchesAny, parseSignature } from '../signing/signature.js';

/** Four times the platform's own cap on a payload. */
const defaultMaxBodyBytes = 1_048_576;

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
  toleranceSeconds?: number | false | undefined;
  /**
   * Most bytes a body may have; a larger one is `body_too_large` before it is hashed.
   * @default 1048576
   */
  maxBodyBytes?: number | undefined;
  /**
   * The clock, in milliseconds since 1970.
   * @default Date.now
   */
  now?: (() => number) | undefined;
}

/** A request for {@link verifyWebhook} where there is no web `Request`. */
export interface RawRequest {
  /** The body exactly as received. A string is taken as its UTF-8 bytes. */
  body: Uint8Array | ArrayBuffer | string;
  /** The request's headers, in any of the usual forms. */
  headers: HeadersLike | null | undefined;
}

/** Checked options, ready for any number of requests. */
export interface Verification {
  secrets: SecretResolver;
  readonly toleranceSeconds: number | false;
  readonly maxBodyBytes: number;
  readonly now: () => number;
  /** Whose rejections share the budget for explanations. */
  readonly budget: object;
}

/** Checks the options. Throws `TypeError`. */
export function prepareVerification(options: VerifyOptions, budget: object = {}): Verification {
  const {
    toleranceSeconds = defaultToleranceSeconds,
    maxBodyBytes = defaultMaxBodyBytes,
    now = Date.now,
  } = options;
  if (toleranceSeconds !== false && !(Number.isFinite(toleranceSeconds) && toleranceSeconds >= 0)) {
    throw new TypeError('toleranceSeconds must be 0 or more, or false.');
  }
  if (!(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes > 0)) {
    throw new TypeError('maxBodyBytes must be a whole number above 0.');
  }
  return { secrets: resolveSecrets(options.secret), toleranceSeconds, maxBodyBytes, now, budget };
}

function checkTimestamp(header: string | null | undefined, toleranceSeconds: number, nowMs: number): void {
  if (header == null) throw new WebhookError('missing_timestamp');
  // Canonical decimal and short enough to be exact. `Number` would take "1e9", " 1" and "0x1" too.
  if (header.length > 15 || !/^(?:0|[1-9]\d*)$/.test(header)) throw new WebhookError('malformed_timestamp');
  // Negated, so that a clock that gives NaN refuses.
  if (!(Math.abs(Math.floor(nowMs / 1000) - Number(header)) <= toleranceSeconds)) {
    throw new WebhookError('timestamp_outside_tolerance');
  }
}

/**
 * The whole check, from headers and a way to get the body to an event. The errors say no more than
 * their code here; `explain` adds the rest.
 *
 * @param context - For the secret function, and for hints.
 * @param explains - Asked for each error. False saves the work of an explanation that nobody would read.
 */
export async function verifyRequest(
  { secrets: source, toleranceSeconds, maxBodyBytes, now, budget }: Verification,
  headers: HeadersLike | null | undefined,
  getBody: (maxBytes: number) => Uint8Array | Promise<Uint8Array>,
  context: unknown,
  explains: (error: WebhookError) => unknown,
): Promise<WebhookEvent> {
  let body: Uint8Array | undefined;
  let secrets: readonly Secret[] | undefined;
  try {
    // Headers first: a request without them is not even read.
    const { signature, timestamp } = findSignedHeaders(headers);
    if (signature == null) throw new WebhookError('missing_signature');
    const digits = parseSignature(signature);
    if (digits === undefined) throw new WebhookError('malformed_signature');
    if (toleranceSeconds !== false) checkTimestamp(timestamp, toleranceSeconds, now());

    // Secrets before the body: while a secret function hangs, forged requests hold no bodies in memory.
    secrets = typeof source === 'function' ? await source(context) : source;
    // Awaited only if it is a promise: a turn of the microtask queue costs as much as the checks above.
    const reading = getBody(maxBodyBytes);
    body = reading instanceof Promise ? await reading : reading;
    const matching = matchesAny(body, digits, secrets);
    if (!(matching instanceof Promise ? await matching : matching))
      throw new WebhookError('signature_mismatch');
    return parseEvent(body);
  } catch (error) {
    if (isWebhookError(error) && (await explains(error))) {
      // Whatever goes wrong with the explanation, the verdict stands.
      await import('./explain.js')
        .then(({ explain }) => explain(error, { headers, body, secrets, context, budget, now }))
        .catch(() => undefined);
    }
    throw error;
  }
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
export function verifyWebhook(request: Request | RawRequest, options: VerifyOptions): Promise<WebhookEvent> {
  const getBody = (maxBytes: number) =>
    'arrayBuffer' in request ? readRequest(request, maxBytes) : bodyBytes(request.body, maxBytes);
  // Not an async function: one promise less is a tenth of the time that a small event takes.
  try {
    // All calls share one budget for explanations, since each has options of its own.
    return verifyRequest(
      prepareVerification(options, verifyWebhook),
      request.headers,
      getBody,
      request,
      () => true,
    );
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it is
    return Promise.reject(error);
  }
}
