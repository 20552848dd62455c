import type { WebhookError, WebhookErrorCode } from '../errors.js';
import { findSignedHeaders, type HeadersLike } from './headers.js';
import { explainParsedBody } from './hosts.js';
import { guessOriginals } from './originals.js';
import type { Secret } from '../signing/secrets.js';
import { toBytes } from '../signing/hmac.js';
import { matchesAny, parseSignature } from '../signing/signature.js';

/** The facts about a rejected request that an explanation is based on. */
export interface RejectionFacts {
  readonly headers: HeadersLike | null | undefined;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** The framework's request or context. */
  readonly adapterContext: unknown;
  /** The key of the {@link canAfford budget} that the rejections of a receiver share. */
  readonly budget: object;
  /** Absent if the request was rejected before its body was read. */
  readonly body?: Uint8Array | undefined;
  readonly secrets?: readonly Secret[] | undefined;
}

type Analysable = RejectionFacts & { body: Uint8Array; secrets: readonly Secret[] };

/** The largest body to analyse, in bytes. */
const maxAnalysedBytes = 65_536;
/** The longest candidate for the original body to try, in characters. */
const maxHypothesisLength = 4 * maxAnalysedBytes;

// The analysis of a mismatch computes several HMACs, and forged requests must not make rejections expensive. A token
// bucket per receiver allows 20 small bodies at once and 4 a second, or one of 64 KiB at once and one every four seconds.
const budgetCapacity = 20;
const budgetPerSecond = 4;
const bytesPerUnit = 4_096;
const budgets = new WeakMap<object, { units: number; atMs: number }>();

/** Tells whether the budget covers the analysis of a body of this length, and charges it. */
function canAfford(budget: object, bytes: number, nowMs: number): boolean {
  const { units, atMs } = budgets.get(budget) ?? { units: budgetCapacity, atMs: nowMs };
  const refilled = (Math.max(0, nowMs - atMs) / 1000) * budgetPerSecond;
  const available = Math.min(budgetCapacity, units + refilled);
  const cost = 1 + Math.floor(bytes / bytesPerUnit);
  const affordable = available >= cost;
  budgets.set(budget, { units: affordable ? available - cost : available, atMs: nowMs });
  return affordable;
}

function explainSignature(signature: string | null | undefined): string | undefined {
  if (signature?.includes(',')) return 'The header appears more than once.';
  if (!signature) return 'The header is empty.';
  if (/^sha1=/i.test(signature)) {
    return 'This is an SHA-1 signature. Hostwares signs with sha256= only; is it another sender?';
  }
  if (/^[0-9a-f]{64}$/i.test(signature)) return 'The sha256= prefix is missing. Pass the whole header value.';
  if (/^sha256=[0-9a-f]{64}$/i.test(signature)) return 'The prefix and the hex digits must be lower case.';
  if (/^\s|\s$/.test(signature)) return 'There is white space around the value.';
  return undefined;
}

function explainTimestamp(timestamp: string | null | undefined, nowMs: number): string {
  const seconds = Number(timestamp);
  const age = Math.floor(nowMs / 1000) - seconds;
  if (seconds > 1e11) return 'This looks like milliseconds. The header is in seconds.';
  return age > 0
    ? `It is ${age} s old: a delayed or replayed request, or this machine's clock is fast.`
    : `It is ${-age} s ahead: this machine's clock is slow.`;
}

function hasNoHeaders(headers: RejectionFacts['headers']): boolean {
  return !headers || (typeof headers.get !== 'function' && Object.keys(headers).length === 0);
}

function explainMissingHeader({ headers }: RejectionFacts): string {
  return hasNoHeaders(headers)
    ? 'No headers were given at all. On AWS (a load balancer with multi-value headers, API Gateway) pass ' +
        'headers: event.multiValueHeaders ?? event.headers.'
    : 'The request is not from Hostwares, or a proxy removed the header.';
}

/** Returns the value of a header, if it appears once. */
function findHeader(headers: RejectionFacts['headers'], name: string): string | undefined {
  if (!headers) return undefined;
  const value: unknown =
    typeof headers.get === 'function'
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const single: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof single === 'string' ? single : undefined;
}

/** Returns the value of Content-Length, if it is a number. */
function declaredLength(headers: RejectionFacts['headers']): number | undefined {
  const value = findHeader(headers, 'content-length');
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** Returns the compression of a body, by its first bytes or, because Brotli has no magic number, by its header. */
function compressionOf(body: Uint8Array, headers: RejectionFacts['headers']): string | undefined {
  const [first, second = 0] = body;
  if (first === 0x1f && second === 0x8b) return 'gzip';
  if (first === 0x78 && (first * 256 + second) % 31 === 0) return 'deflate';
  if (first === 0x28 && second === 0xb5) return 'zstd';
  const declared = findHeader(headers, 'content-encoding')?.toLowerCase();
  const isText = first === 0x7b || first === 0x20 || first === 0x0a || first === 0x0d;
  return declared && declared !== 'identity' && !isText ? declared : undefined;
}

/** Explains causes that are recognised by the length and the first bytes. */
function explainBytes({ headers, body, adapterContext }: Analysable): string | undefined {
  const declared = declaredLength(headers);
  if (body.length === 0) {
    return declared === 0
      ? 'The request has no body.'
      : `The body is empty or absent: none was sent, or something read it before. ${explainParsedBody(adapterContext)}`;
  }
  const compression = compressionOf(body, headers);
  if (compression) {
    return `The body is compressed (${compression}), which Hostwares never does: a proxy did. Disable compression for the webhook's path.`;
  }
  if (declared !== undefined && declared !== body.length) {
    return (
      `Content-Length says ${declared} bytes, but the body has ${body.length}: ` +
      'it was truncated, padded or decompressed in transit, or the connection broke or was too slow.'
    );
  }
  const [first, second, third] = body;
  const start = `${first},${second}`;
  // A byte order mark, or `{`, in either byte order.
  if (['255,254', '254,255', '123,0', '0,123'].includes(start)) {
    return 'The body is UTF-16: it was decoded and encoded again after it was signed. Verify the bytes as received.';
  }
  // `{"` in base64.
  if (first === 0x65 && second === 0x79 && third === 0x4a) {
    return 'The body is base64. Decode it first (API Gateway sets isBase64Encoded).';
  }
  return undefined;
}

/** Tries the candidates for the original body. */
async function analyse({ headers, body, secrets }: Analysable): Promise<string | undefined> {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  const digits = parseSignature(findSignedHeaders(headers).signature) ?? '';
  for (const { original, hint } of guessOriginals(body, text, maxHypothesisLength)) {
    if (original.length > maxHypothesisLength) continue;
    if (await matchesAny(toBytes(original), digits, secrets)) return hint;
  }
  return text.includes('\uFFFD')
    ? 'The body has bytes that are not UTF-8, or replacement characters: it was probably decoded in transit, which loses the signed bytes.'
    : undefined;
}

async function explainMismatch(facts: RejectionFacts): Promise<string | undefined> {
  const { body, secrets, budget, now } = facts;
  if (!body || !secrets) return undefined;
  const known = { ...facts, body, secrets };
  const simple = explainBytes(known);
  if (simple) return simple;
  const isAnalysable = body.length <= maxAnalysedBytes;
  const isAnalysed = isAnalysable && canAfford(budget, body.length, now());
  const hint = isAnalysed ? await analyse(known) : undefined;
  if (hint) return hint;
  if (secrets.some((secret) => typeof secret === 'string' && /^[\s"'`]|[\s"'`]$/.test(secret))) {
    return 'The secret has white space or quotes around it. Remove them where it is set.';
  }
  return isAnalysable && !isAnalysed
    ? 'Not analysed: too many requests are being rejected. Send a single one for a full analysis.'
    : 'The secret is another endpoint’s or an old one (compare it with Settings → Webhooks), or the body was changed on the way, ' +
        'by something that parses JSON and serialises it again, for example.';
}

/** Messages for the codes that are thrown without one. */
const messages: Readonly<Partial<Record<WebhookErrorCode, string>>> = {
  missing_signature: 'The X-Hostwares-Signature header is missing.',
  malformed_signature: 'The X-Hostwares-Signature header is not sha256= and 64 lower-case hex digits, once.',
  signature_mismatch: 'The signature does not match the body and the secret.',
  missing_timestamp: 'The X-Hostwares-Timestamp header is missing.',
  malformed_timestamp:
    'The X-Hostwares-Timestamp header is not a time in whole Unix seconds, in decimal digits, once.',
  timestamp_outside_tolerance:
    'The X-Hostwares-Timestamp header is too far from the clock (toleranceSeconds).',
  invalid_utf8: 'The body is not valid UTF-8.',
  invalid_json: 'The body is not valid JSON.',
  misconfigured: 'The secret function returned no usable secret.',
  body_too_large: 'The body has more bytes than maxBodyBytes.',
  body_already_parsed: 'The raw body is gone: something read or parsed it before the signature was checked.',
};

async function findHint(code: WebhookErrorCode, facts: RejectionFacts): Promise<string | undefined> {
  switch (code) {
    case 'missing_signature':
    case 'missing_timestamp':
      return explainMissingHeader(facts);
    case 'malformed_signature':
      return explainSignature(findSignedHeaders(facts.headers).signature);
    case 'malformed_timestamp':
      return 'The header was changed in transit, or it appears more than once.';
    case 'timestamp_outside_tolerance':
      return explainTimestamp(findSignedHeaders(facts.headers).timestamp, facts.now());
    case 'signature_mismatch':
      return explainMismatch(facts);
    case 'body_too_large':
      return 'The platform sends far less. If the limit was lowered, raise maxBodyBytes.';
    case 'body_already_parsed':
      return explainParsedBody(facts.adapterContext);
    case 'invalid_json':
    case 'invalid_utf8':
    case 'invalid_envelope':
      return 'The signature is valid, so the sender has the secret. Is the secret used for anything else?';
    case 'misconfigured':
      return 'It threw, or returned nothing or a blank value. Is the secret set where this request runs?';
    default:
      return undefined;
  }
}

/**
 * Sets the message and the hint of a rejection. It never changes the verdict.
 * The first rejection loads this module, because it is larger than the verification itself.
 */
export async function explain(error: WebhookError, facts: RejectionFacts): Promise<void> {
  const detailed = error as { message: string; hint?: string };
  // A message from elsewhere, such as a custom body reader or a deadline, is kept.
  const isDefault = error.message === error.code;
  if (isDefault) detailed.message = messages[error.code] ?? error.message;
  const hint =
    error.hint ??
    (error.code === 'misconfigured' && !isDefault
      ? 'Cache the secret, or set a timeout on the call that fetches it.'
      : await findHint(error.code, facts));
  if (hint !== undefined) detailed.hint = hint;
}
