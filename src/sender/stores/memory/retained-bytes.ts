import type { AttemptRecord } from '../../records.js';
import type { DeliveryEntry } from './entries.js';

/** Roughly the memory that an attempt takes in addition to its texts. */
const attemptOverheadBytes = 500;

function headerBytes(headers: Readonly<Record<string, string>> | null | undefined): number {
  let bytes = 0;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
  return bytes;
}

function attemptBytes({ url, requestHeaders, result }: AttemptRecord): number {
  return (
    attemptOverheadBytes +
    url.length +
    headerBytes(requestHeaders) +
    headerBytes(result?.responseHeaders) +
    (result?.responseBody?.length ?? 0) +
    (result?.error?.length ?? 0) +
    (result?.note?.length ?? 0)
  );
}

/** Returns the bytes that a delivery counts for: its attempts, and the body of its event. */
export function retainedBytes({ event, attempts }: DeliveryEntry): number {
  return attempts.reduce((sum, attempt) => sum + attemptBytes(attempt), event.record.body.length);
}
