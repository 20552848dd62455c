import { findSignedHeaders, type HeadersLike } from './headers.js';
import type { WebhookError, WebhookErrorCode } from './errors.js';
import type { Secret } from './secrets.js';
import { matchesAny, parseSignature } from './signature.js';

/** What is known of a refused request. */
export interface Facts {
  readonly headers: HeadersLike;
  readonly nowMs: number;
  /** Absent where the request was refused before its body was read. */
  readonly body?: Uint8Array | undefined;
  readonly secrets?: readonly Secret[] | undefined;
}

// Telling the cause costs a few more HMACs. A forger must not be able to make it cost much: indented,
// deeply nested JSON grows with the square of its depth.
const maxDiagnosedBytes = 65_536;
const maxDiagnosedDepth = 32;

function explainSignature(signature: string | null | undefined): string | undefined {
  if (signature === null || signature?.includes(',')) return 'The header stands more than once.';
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

/** What Content-Length says, where it is there and says anything. */
function declaredLength(headers: HeadersLike): number | undefined {
  const value: unknown =
    typeof headers.get === 'function'
      ? headers.get('content-length')
      : Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-length')?.[1];
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** How deep brackets are nested, at most: those in strings count too, which only makes it more. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** Bodies that the received one may have been before something on the way changed it. */
function* originals(text: string): Generator<[original: string, hint: string]> {
  if (text.startsWith('\uFEFF')) yield [text.slice(1), 'A byte order mark was put before the body.'];
  const unix = text.replaceAll('\r\n', '\n');
  for (const each of [unix, unix.replaceAll('\n', '\r\n'), unix.trimEnd(), `${unix}\n`]) {
    if (each !== text)
      yield [each, 'Line endings or a final newline were changed after the body was signed.'];
  }
  if (depthOf(text) > maxDiagnosedDepth) return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  for (const indent of [undefined, 2]) {
    yield [
      JSON.stringify(value, null, indent),
      'The JSON was parsed and serialised again. Verify the raw bytes, before any body parser.',
    ];
  }
}

async function explainMismatch({ headers, body, secrets }: Facts): Promise<string | undefined> {
  if (!body || !secrets) return undefined;
  const declared = declaredLength(headers);
  if (declared !== undefined && declared !== body.length) {
    return (
      `Content-Length says ${declared} bytes, the body has ${body.length}: ` +
      'it was truncated, padded or decompressed on the way, or the connection ended or was too slow.'
    );
  }
  if (body.length === 0) return 'The body is empty: something read it before, or none was sent.';
  if (body.length <= maxDiagnosedBytes) {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
    const digits = parseSignature(findSignedHeaders(headers).signature) ?? '';
    for (const [original, hint] of originals(text)) {
      if (await matchesAny(new TextEncoder().encode(original), digits, secrets)) return hint;
    }
    // `{"` in base64.
    if (text.startsWith('eyJ'))
      return 'The body is base64. Decode it first (API Gateway sets isBase64Encoded).';
  }
  if (secrets.some((secret) => typeof secret === 'string' && /^[\s"'`]|[\s"'`]$/.test(secret))) {
    return 'The secret has white space or quotes around it. Remove them where it is set.';
  }
  return 'The secret is another endpoint’s or an old one, or the body was changed on the way. Compare the secret with Settings → Webhooks.';
}

/** What was wrong and what was expected, for the codes that are thrown without a message of their own. */
const messages: Readonly<Partial<Record<WebhookErrorCode, string>>> = {
  missing_signature: 'The X-Hostwares-Signature header is missing.',
  malformed_signature: 'The X-Hostwares-Signature header is not sha256= and 64 lower-case hex digits, once.',
  signature_mismatch: 'The signature does not fit the body and the secret.',
  missing_timestamp: 'The X-Hostwares-Timestamp header is missing.',
  malformed_timestamp:
    'The X-Hostwares-Timestamp header is not a time in whole Unix seconds, in decimal digits, once.',
  timestamp_outside_tolerance:
    'The X-Hostwares-Timestamp header is too far from the clock (toleranceSeconds).',
  invalid_utf8: 'The body is not valid UTF-8.',
  invalid_json: 'The body is not valid JSON.',
  misconfigured: 'The secret function gave no usable secret.',
  body_too_large: 'The body has more bytes than maxBodyBytes.',
  body_already_parsed: 'The raw body is gone: something read or parsed it before the signature was checked.',
};

async function findHint(code: WebhookErrorCode, facts: Facts): Promise<string | undefined> {
  switch (code) {
    case 'missing_signature':
    case 'missing_timestamp':
      return 'The request is not from Hostwares, or a proxy removed the header.';
    case 'malformed_signature':
      return explainSignature(findSignedHeaders(facts.headers).signature);
    case 'malformed_timestamp':
      return 'Something on the way changed the header, or it stands more than once.';
    case 'timestamp_outside_tolerance':
      return explainTimestamp(findSignedHeaders(facts.headers).timestamp, facts.nowMs);
    case 'signature_mismatch':
      return explainMismatch(facts);
    case 'body_too_large':
      return 'The platform sends far less. If the limit was lowered, raise maxBodyBytes.';
    case 'body_already_parsed':
      return (
        'Call this before anything else reads the body (request.json(), a body parser) and pass the Request, or the ' +
        'raw body as Uint8Array, ArrayBuffer or string. JSON.stringify does not give the signed bytes back.'
      );
    case 'invalid_json':
    case 'invalid_utf8':
    case 'invalid_envelope':
      return 'The signature fits, so this comes from someone who has the secret. Is it used elsewhere too?';
    case 'misconfigured':
      return 'It threw, or returned nothing or a blank value. Is the secret set where this request runs?';
    default:
      return undefined;
  }
}

/**
 * Gives a refusal its message and its hint, for whoever has to mend it. It never changes the verdict.
 * A module of its own, loaded by the first failure: it is as large as the verification itself.
 */
export async function explain(error: WebhookError, facts: Facts): Promise<void> {
  const detailed = error as { message: string; hint?: string };
  // Not over a message of somebody's own, such as a custom body reader's.
  if (error.message === error.code) detailed.message = messages[error.code] ?? error.message;
  const hint = error.hint ?? (await findHint(error.code, facts));
  if (hint !== undefined) detailed.hint = hint;
}
