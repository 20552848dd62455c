import type { AttemptResult } from '../records.js';

/** One request to an endpoint. */
export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** For everything together: name, connection, TLS, headers and body. */
  readonly timeoutMs: number;
}

/** How requests get out. Never rejects: what goes wrong is in the result's `error`. */
export interface Transport {
  /** Called before an endpoint is saved, and at the start: rejects where it cannot work at all. */
  prepare?(): Promise<void>;
  /** Must end within the request's `timeoutMs`. */
  send(request: OutgoingRequest): Promise<AttemptResult>;
  close(): Promise<void>;
}
