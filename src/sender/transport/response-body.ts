import { Buffer } from 'node:buffer';

/** Our reading (contract section 4): how much of a response body is read and kept. */
export const maxBodyBytes = 16_384;

/** The beginning of a response body. */
export class ResponseBody {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  /** Returns false once the body is longer than the limit. */
  add(chunk: Buffer): boolean {
    this.chunks.push(chunk.subarray(0, maxBodyBytes - this.bytes));
    this.bytes += chunk.length;
    return this.bytes <= maxBodyBytes;
  }

  toString(): string {
    return new TextDecoder().decode(Buffer.concat(this.chunks));
  }
}
