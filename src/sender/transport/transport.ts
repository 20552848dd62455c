import type { AttemptResult } from '../records.js';

/** One request to an endpoint. */
export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Milliseconds for the whole request: name resolution, connection, TLS, headers and body. */
  readonly timeoutMs: number;
}

/** The port for sending requests. */
export interface Transport {
  /** Called before an endpoint is saved and at the start. Rejects if the transport cannot work at all. */
  prepare?(): Promise<void>;
  /** Resolves within the request's `timeoutMs`. Never rejects: the result's `error` says what failed. */
  send(request: OutgoingRequest): Promise<AttemptResult>;
  close(): Promise<void>;
}
