import { WebhookError } from '../errors.js';
import { toBytes } from '../signing/signature.js';

/**
 * How long a body may take to arrive, in milliseconds. The platform gives a whole attempt 15 s
 * (contract section 4, our reading), so a request that takes longer has no sender left that waits.
 */
export const bodyDeadlineMs = 15_000;

/** A body as it arrives. */
interface BodyCollector {
  /** Tells whether the body is still small enough. */
  add(chunk: Uint8Array): boolean;
  bytes(): Uint8Array;
}

/**
 * Collects a body. One chunk, the usual case, is kept as it is. More are copied into one growing
 * buffer: kept as they are, a body sent byte by byte would take a hundred times its size.
 *
 * @param declared - Content-Length. A body that declares too much is rejected before a byte is read.
 */
export function collectBody(maxBytes: number, declared: number): BodyCollector {
  if (declared > maxBytes) throw new WebhookError('body_too_large');
  let buffer: Uint8Array = new Uint8Array();
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
      // The first chunk is the caller's, with no room behind it, so the second always makes a copy.
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

/** The bytes of a body given as a value, without a copy. Anything else was parsed before. */
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
 * or the time is up, the body is what has arrived, which does not fit the signature.
 */
export async function readRequest(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (request.bodyUsed || request.body?.locked) throw new WebhookError('body_already_parsed');
  let expected = Number(request.headers.get('content-length'));
  const body = collectBody(maxBytes, expected);
  const reader = request.body?.getReader();
  // Ends a pending read at once, whatever the stream's source does. Not awaited: in Next's edge runtime
  // it never settles.
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
        // Every byte is missing, though the connection is whole and the time is not up: something read them before.
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
