import { bodyBytes, readRequest } from './body.js';
import { isWebhookError, WebhookError } from '../errors.js';
import { parseEvent } from '../events/parse.js';
import type { WebhookEvent } from '../events/types.js';
import type { RejectionFacts } from './explain.js';
import { findSignedHeaders, type HeadersLike } from './headers.js';
import { resolveSecrets, type Secret, type SecretResolver, type SecretSource } from '../signing/secrets.js';
import { matchesAny, parseSignature } from '../signing/signature.js';

/** Four times the largest payload that the platform sends. */
export const defaultMaxBodyBytes = 1_048_576;

/** How far the timestamp header may be from the clock by default, in seconds (contract section 3). */
export const defaultToleranceSeconds = 300;

/** Options of {@link verifyWebhook}. */
export interface VerifyOptions {
  /** The endpoint's signing secret, several secrets, or a function that gets them. See {@link SecretSource}. */
  secret: SecretSource;
  /**
   * How far the timestamp header may be from the clock, in seconds, in both directions. `0` requires the
   * same second; `false` ignores the header. The header is not signed, so it protects against delays and
   * wrong clocks, not against an attacker who replays a request.
   * @default 300
   */
  toleranceSeconds?: number | false | undefined;
  /**
   * The largest body that is accepted, in bytes. A larger one is rejected with `body_too_large` before it is hashed.
   * @default 1048576
   */
  maxBodyBytes?: number | undefined;
  /**
   * The clock, in milliseconds since 1970.
   * @default Date.now
   */
  now?: (() => number) | undefined;
}

/** A request for {@link verifyWebhook} on hosts that have no web `Request`. */
export interface RawRequest {
  /** The body exactly as received. A string stands for its UTF-8 bytes. */
  body: Uint8Array | ArrayBuffer | string;
  /** The request's headers, in any of the usual forms. */
  headers: HeadersLike | null | undefined;
}

/** Checked options, which serve any number of requests. */
export interface Verification {
  readonly secrets: SecretResolver;
  readonly toleranceSeconds: number | false;
  readonly maxBodyBytes: number;
  readonly now: () => number;
  /** The key of the budget for explanations. Rejections with the same key share it. */
  readonly budget: object;
}

/**
 * Checks the options.
 *
 * @throws `TypeError` for options that cannot work.
 */
export function prepareVerification(options: VerifyOptions, budget: object = {}): Verification {
  const {
    toleranceSeconds = defaultToleranceSeconds,
    maxBodyBytes = defaultMaxBodyBytes,
    now = Date.now,
  } = options;
  if (toleranceSeconds !== false && !(Number.isFinite(toleranceSeconds) && toleranceSeconds >= 0)) {
    throw new TypeError('toleranceSeconds must be false, 0 or above.');
  }
  if (!(Number.isSafeInteger(maxBodyBytes) && maxBodyBytes > 0)) {
    throw new TypeError('maxBodyBytes must be an integer above 0.');
  }
  return { secrets: resolveSecrets(options.secret), toleranceSeconds, maxBodyBytes, now, budget };
}

/** Checks the timestamp header. @throws {@link WebhookError} */
export function checkTimestamp(
  header: string | null | undefined,
  toleranceSeconds: number,
  nowMs: number,
): void {
  if (header == null) throw new WebhookError('missing_timestamp');
  // Canonical decimal, and short enough to be exact. `Number` would accept "1e9", " 1" and "0x1" too.
  if (!/^(?:0|[1-9]\d{0,14})$/.test(header)) throw new WebhookError('malformed_timestamp');
  // Negated, so that a clock that returns NaN fails closed.
  if (!(Math.abs(Math.floor(nowMs / 1000) - Number(header)) <= toleranceSeconds)) {
    throw new WebhookError('timestamp_outside_tolerance');
  }
}

/** A request to verify. */
export interface UnverifiedRequest {
  readonly headers: HeadersLike | null | undefined;
  /** Returns the body, or throws if it has more than `maxBytes`. */
  readonly getBody: (maxBytes: number) => Uint8Array | Promise<Uint8Array>;
  /** Passed to the secret function, and used for hints. */
  readonly adapterContext: unknown;
  /** Called for each error. If it returns false, the error is not explained, because nobody would read it. */
  readonly willReport: (error: WebhookError) => unknown;
}

/** Adds message and hint to an error. A failure of the explanation does not change the verdict. */
function addExplanation(error: WebhookError, facts: RejectionFacts): Promise<void> {
  return import('./explain.js').then(({ explain }) => explain(error, facts)).catch(() => undefined);
}

/**
 * Verifies a request completely: headers, timestamp, signature and envelope. The errors have only
 * their code at first; `explain` adds the message and the hint.
 */
export async function verifyRequest(
  { secrets: source, toleranceSeconds, maxBodyBytes, now, budget }: Verification,
  { headers, getBody, adapterContext, willReport }: UnverifiedRequest,
): Promise<WebhookEvent> {
  let body: Uint8Array | undefined;
  let secrets: readonly Secret[] | undefined;
  try {
    // Headers first: the body of a request without them is not read.
    const { signature, timestamp } = findSignedHeaders(headers);
    if (signature == null) throw new WebhookError('missing_signature');
    const digits = parseSignature(signature);
    if (digits === undefined) throw new WebhookError('malformed_signature');
    if (toleranceSeconds !== false) checkTimestamp(timestamp, toleranceSeconds, now());

    // Secrets before the body: while a secret function hangs, forged requests keep no bodies in memory.
    secrets = typeof source === 'function' ? await source(adapterContext) : source;
    // Awaited only if they are promises: the two turns of the microtask queue take 4 % (400 B, bench/verify.mjs).
    const reading = getBody(maxBodyBytes);
    body = reading instanceof Promise ? await reading : reading;
    const matching = matchesAny(body, digits, secrets);
    const isGenuine = matching instanceof Promise ? await matching : matching;
    if (!isGenuine) throw new WebhookError('signature_mismatch');
    return parseEvent(body);
  } catch (error) {
    if (isWebhookError(error) && (await willReport(error))) {
      await addExplanation(error, { headers, body, secrets, adapterContext, budget, now });
    }
    throw error;
  }
}

/**
 * Verifies a webhook request and returns its event (contract sections 2 and 3). It checks the signature
 * over the exact bytes, in constant time, before it decodes and parses them.
 *
 * It does **not** protect against a replay of a genuine request, because the timestamp header is not signed.
 * Deduplicate by `event.id`.
 *
 * @param request - A web `Request` whose body has not been read, or the raw body with the headers.
 * @throws {@link WebhookError} for a request that is rejected: `missing_signature`,
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
export async function verifyWebhook(
  request: Request | RawRequest,
  options: VerifyOptions,
): Promise<WebhookEvent> {
  // All calls share one budget for explanations, because there is no receiver that could own one.
  return verifyRequest(prepareVerification(options, verifyWebhook), {
    headers: request.headers,
    getBody: (maxBytes) =>
      'arrayBuffer' in request ? readRequest(request, maxBytes) : bodyBytes(request.body, maxBytes),
    adapterContext: request,
    willReport: () => true,
  });
}
