import { WebhookError } from '../errors.js';
import { toBytes } from '../signing/hmac.js';

/**
 * How long a body may take to arrive, in milliseconds. The platform gives a whole attempt 15 s
 * (contract section 4, our reading), so it has given up on a request that takes longer.
 */
export const bodyDeadlineMs = 15_000;

// Shared by all bodies, because it is never written to.
const emptyBody: Uint8Array = /* @__PURE__ */ new Uint8Array();

/** Collects a body while it arrives. */
interface BodyCollector {
  /** Adds a chunk. Returns false if the body has become too large. */
  add(chunk: Uint8Array): boolean;
  bytes(): Uint8Array;
}

/**
 * Collects a body. A single chunk, the usual case, is kept as it is. Several are copied into one growing
 * buffer: as separate objects, a body sent byte by byte would take a hundred times its size.
 *
 * @param declared - Content-Length. A body that declares too much is rejected before it is read.
 */
export function collectBody(maxBytes: number, declared: number): BodyCollector {
  if (declared > maxBytes) throw new WebhookError('body_too_large');
  let buffer = emptyBody;
  let total = 0;
  return {
    add(chunk) {
      const start = total;
      total += chunk.length;
      if (total > maxBytes) return false;
      if (start === 0) {
        buffer = chunk;
        return true;
      }
      // The first chunk belongs to the caller and has no spare room, so the second one always copies.
      if (total > buffer.length) {
        const larger = new Uint8Array(Math.min(total * 2, maxBytes));
        larger.set(buffer);
        buffer = larger;
      }
      buffer.set(chunk, start);
      return true;
    },
    bytes: () => buffer.subarray(0, total),
  };
}

/** Returns the bytes of a body without a copy. Any other value means that something parsed the body before. */
export function bodyBytes(body: unknown, maxBytes: number): Uint8Array {
  let bytes: Uint8Array | undefined;
  if (body instanceof Uint8Array || typeof body === 'string') bytes = toBytes(body);
  // isView and the tag, not instanceof: the value may come from another realm (a vm, a test runner).
  else if (ArrayBuffer.isView(body)) bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  else if ({}.toString.call(body) === '[object ArrayBuffer]') bytes = new Uint8Array(body as ArrayBuffer);
  if (!bytes) throw new WebhookError('body_already_parsed');
  if (bytes.length > maxBytes) throw new WebhookError('body_too_large');
  return bytes;
}

/**
 * Reads the body of a web `Request`: at most `maxBytes`, within {@link bodyDeadlineMs}. If the connection breaks
 * or the deadline passes, it returns the bytes that have arrived, which do not match the signature.
 */
export async function readRequest(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (request.bodyUsed || request.body?.locked) throw new WebhookError('body_already_parsed');
  let expected = Number(request.headers.get('content-length'));
  const body = collectBody(maxBytes, expected);
  const reader = request.body?.getReader();
  // Ends a pending read at once, whatever the stream's source does. Not awaited: in Next's edge runtime
  // the promise of `cancel` never settles.
  const stop = () => {
    expected = 0;
    reader?.cancel().catch(() => undefined);
  };
  const timer = setTimeout(stop, bodyDeadlineMs);
  try {
    for (;;) {
      const chunk = await reader?.read().catch(stop);
      const bytes = body.bytes();
      if (!chunk?.value) {
        // The stream ended in time and without an error, but without a byte: something read the body before.
        if (expected > 0 && !bytes.length) throw new WebhookError('body_already_parsed');
        return bytes;
      }
      if (!body.add(chunk.value)) throw new WebhookError('body_too_large');
    }
  } finally {
    clearTimeout(timer);
    stop();
  }
}
