import zlib from 'node:zlib';

/** The largest body to make by decompression, in bytes. Four times the receiver's limit, and little for a gzip bomb. */
const maxDecompressedBytes = 4_194_304;

type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

/** Returns the decompressor for a body, by its first bytes or its Content-Encoding. */
function decompressorOf(body: Uint8Array, encoding: string): Decompress | undefined {
  const [first, second = 0] = body;
  if (first === 0x1f && second === 0x8b) return zlib.gunzipSync;
  if (first === 0x78 && (first * 256 + second) % 31 === 0) return zlib.inflateSync;
  if (first === 0x28 && second === 0xb5) {
    // Absent on Node 20.
    return (zlib as { zstdDecompressSync?: Decompress }).zstdDecompressSync;
  }
  return encoding.trim().toLowerCase() === 'br' ? zlib.brotliDecompressSync : undefined;
}

/** A decompressed body, or the reason for which there is none. */
export type Decompressed = { readonly body: Uint8Array } | { readonly problem: string };

/** Decompresses a body; undefined if it is not compressed. */
export function decompress(body: Uint8Array, encoding: string): Decompressed | undefined {
  const decompressor = decompressorOf(body, encoding);
  if (!decompressor) return undefined;
  try {
    return { body: decompressor(body, { maxOutputLength: maxDecompressedBytes }) };
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return {
      problem: isTooLarge ? `more than ${maxDecompressedBytes} bytes` : 'the compressed data is damaged',
    };
  }
}
