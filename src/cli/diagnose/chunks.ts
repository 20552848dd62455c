import { Buffer } from 'node:buffer';
import { CaptureError, describePlace, type Capture } from './capture.js';

const sizeLine = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i;
const maxSizeLineBytes = 4_096;

type ChunkedBody = Pick<Capture, 'body' | 'notes' | 'guesses' | 'suspicion'>;

/**
 * Decodes a chunked body. Some tools save the header `Transfer-Encoding: chunked` with a body that is decoded already; such a body
 * is left as it is.
 *
 * @param bytes - The whole capture.
 * @param start - The offset of the first chunk.
 */
export function decodeChunks(bytes: Uint8Array, start: number): ChunkedBody {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const joined = Buffer.alloc(bytes.length - start);
  let length = 0;
  const result = (suspicion?: string): ChunkedBody => ({
    body: joined.subarray(0, length),
    suspicion,
    notes: [],
    guesses: [],
  });
  for (let at = start; ;) {
    const lineEnd = source.indexOf(0x0a, at);
    const isLine = lineEnd >= 0 && lineEnd - at <= maxSizeLineBytes;
    const line = isLine ? source.toString('latin1', at, lineEnd).replace(/\r$/, '') : '';
    const digits = sizeLine.exec(line)?.[1];
    if (digits === undefined) {
      if (at === bytes.length) return result('The chunked body is truncated: its last chunk (0) is missing.');
      if (at > start) {
        throw new CaptureError('raw HTTP', 'this is not the size of a chunk.', describePlace(bytes, at));
      }
      const note =
        'Transfer-Encoding says chunked, but the body of the capture has no chunks. It is used as it is.';
      return { ...result(), body: bytes.subarray(start), notes: [note] };
    }
    const size = parseInt(digits, 16);
    const copied = source.copy(joined, length, lineEnd + 1, Math.min(bytes.length, lineEnd + 1 + size));
    length += copied;
    if (size === 0) return result();
    if (copied < size)
      return result(`The chunked body is truncated: a chunk has ${copied} of ${size} bytes.`);
    at = lineEnd + 1 + size;
    if (bytes[at] === 0x0d) at += 1;
    if (bytes[at] === 0x0a) at += 1;
    else if (at < bytes.length) {
      const problem = `no line break after a chunk of ${size} bytes. Were line endings changed?`;
      throw new CaptureError('raw HTTP', problem, describePlace(bytes, at));
    }
  }
}
