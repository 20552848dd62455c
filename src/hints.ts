import { singleHeader, type HeadersLike } from './headers.js';
import type { Secret } from './secrets.js';
import { matchesAny } from './signature.js';

// Telling the cause costs a few more HMACs. A forger must not be able to make it cost much.
const maxDiagnosedBytes = 65_536;

const lenient = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/** What is wrong with a signature header that has not the form `sha256=<64 hex digits>`. */
export function explainSignature(signature: string | null): string | undefined {
  if (signature === null || signature.includes(',')) return 'The header stands more than once.';
  if (/^sha1=/i.test(signature)) return 'This is an SHA-1 signature. Hostwares signs with sha256= only; is it another sender?';
  if (/^[0-9a-f]{64}$/i.test(signature)) return 'The sha256= prefix is missing. Pass the whole header value.';
  if (/^sha256=[0-9a-f]{64}$/i.test(signature)) return 'The hex digits must be lower case.';
  if (/^\s|\s$/.test(signature)) return 'There is white space around the value.';
  return undefined;
}

/** What is wrong with a timestamp that is too far off. `difference` is in seconds, past is positive. */
export function explainTimestamp(seconds: number, difference: number): string {
  if (seconds > 1e11) return 'This looks like milliseconds. The header is in seconds.';
  return difference > 0
    ? `It is ${difference} s old: a delayed or replayed request, or this machine's clock is fast.`
    : `It is ${-difference} s ahead: this machine's clock is slow.`;
}

/** Bodies that the received one may have been before something on the way changed it. */
function* originals(text: string): Generator<[original: string, hint: string]> {
  if (text.startsWith('\uFEFF')) yield [text.slice(1), 'A byte order mark was put before the body.'];
  const lines = 'Line endings or a final newline were changed';
  const unix = text.replaceAll('\r\n', '\n');
  for (const each of [unix, unix.replaceAll('\n', '\r\n'), unix.trimEnd(), `${unix}\n`]) {
    if (each !== text) yield [each, `${lines} after the body was signed.`];
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  const compact = JSON.stringify(value);
  for (const each of [compact, JSON.stringify(value, null, 2)]) {
    yield [each, 'The JSON was parsed and serialised again. Verify the raw bytes, before any body parser.'];
  }
}

/** Why the signature may not fit, for whoever has to mend it. It never changes the verdict. */
export async function explainMismatch(
  body: Uint8Array,
  digits: string,
  secrets: readonly Secret[],
  headers: HeadersLike,
): Promise<string | undefined> {
  const declared = singleHeader(headers, 'content-length');
  if (declared && /^\d+$/.test(declared) && Number(declared) !== body.length) {
    return `Content-Length says ${declared} bytes, the body has ${body.length}: it was truncated, padded or decompressed on the way.`;
  }
  if (body.length === 0) return 'The body is empty: something read it before, or the sender sent none.';
  if (body.length <= maxDiagnosedBytes) {
    const text = lenient.decode(body);
    for (const [original, hint] of originals(text)) {
      if (await matchesAny(new TextEncoder().encode(original), digits, secrets)) return hint;
    }
    // `{"` in base64.
    if (text.startsWith('eyJ')) return 'The body is base64. Decode it first (API Gateway sets isBase64Encoded).';
  }
  if (secrets.some((secret) => typeof secret === 'string' && /^[\s"'`]|[\s"'`]$/.test(secret))) {
    return 'The secret has white space or quotes around it. Remove them where it is set.';
  }
  return undefined;
}
