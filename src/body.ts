import { WebhookError } from './errors.js';
import { toBytes } from './signature.js';

/** Most bytes a body may have where nothing else is said: four times the platform's own cap. */
export const defaultMaxBodyBytes = 1_048_576;

/**
 * How long a body may take to arrive, in milliseconds. The platform gives a whole attempt 15 s
 * (contract section 4, our reading), so a request that takes longer has no sender left that waits.
 */
export const bodyDeadlineMs = 15_000;

/**
 * The connection broke or was too slow. What arrived is not what was signed, so it gets the code of
 * a wrong signature; mostly nobody is left to read it.
 */
export function incomplete(received: number, cause?: unknown): WebhookError {
  return new WebhookError('signature_mismatch', undefined, {
    cause,
    hint: `The body did not arrive whole: the connection ended or was too slow after ${received} bytes.`,
  });
}

/** Refuses a body by the length it declares, before a byte of it is read. */
export function checkDeclaredLength(declared: string | null | undefined, maxBytes: number): void {
  if (declared && /^\d+$/.test(declared) && Number(declared) > maxBytes) throw new WebhookError('body_too_large');
}

/**
 * Collects a body as it arrives. One chunk, the usual case, is kept as it is. More are copied into one
 * growing buffer: kept as they are, a body sent byte by byte would take a hundred times its size.
 */
export class BodyCollector {
  total = 0;
  private buffer: Uint8Array = new Uint8Array();

  constructor(private readonly maxBytes: number) {}

  add(chunk: Uint8Array): void {
    const before = this.total;
    this.total += chunk.length;
    if (this.total > this.maxBytes) throw new WebhookError('body_too_large');
    if (before === 0) {
      this.buffer = chunk;
      return;
    }
    // The first chunk is the caller's, with no room behind it, so the second always makes a copy.
    if (this.total > this.buffer.length) {
      const larger = new Uint8Array(Math.min(Math.max(this.total, before * 2), this.maxBytes));
      larger.set(this.buffer.subarray(0, before));
      this.buffer = larger;
    }
    this.buffer.set(chunk, before);
  }

  /** What has arrived so far. */
  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.total);
  }
}

/** The bytes of a body given as a value, without a copy. Anything else was parsed before. */
export function bodyBytes(body: unknown, maxBytes: number): Uint8Array {
  let bytes: Uint8Array;
  if (typeof body === 'string') bytes = toBytes(body);
  else if (body instanceof Uint8Array) bytes = body;
  // isView and the tag, not instanceof: the value may come from another realm (a vm, a test runner).
  else if (ArrayBuffer.isView(body)) bytes = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  else if (Object.prototype.toString.call(body) === '[object ArrayBuffer]') bytes = new Uint8Array(body as ArrayBuffer);
  else throw new WebhookError('body_already_parsed');
  if (bytes.length > maxBytes) throw new WebhookError('body_too_large');
  return bytes;
}

/** Reads the body of a web `Request`: at most `maxBytes`, within {@link bodyDeadlineMs}. */
export async function readRequest(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (request.bodyUsed || request.body?.locked) throw new WebhookError('body_already_parsed');
  checkDeclaredLength(request.headers.get('content-length'), maxBytes);
  if (!request.body) return new Uint8Array();

  const reader = request.body.getReader();
  const collector = new BodyCollector(maxBytes);
  let expired = false;
  // Cancelling ends a pending read at once, whatever the stream's source does.
  const timer = setTimeout(() => {
    expired = true;
    reader.cancel().catch(() => undefined);
  }, bodyDeadlineMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (expired) throw incomplete(collector.total);
      if (done) return collector.bytes();
      collector.add(value);
    }
  } catch (error) {
    throw error instanceof WebhookError ? error : incomplete(collector.total, error);
  } finally {
    clearTimeout(timer);
  }
}
