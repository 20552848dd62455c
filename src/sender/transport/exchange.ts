import { Buffer } from 'node:buffer';
import { request as createRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { ConnectionPool, PoolRequestOptions, PooledConnection } from './connection-pool.js';
import { since } from './connection.js';
import { SenderError } from '../errors.js';
import type { AttemptResult, AttemptTimings } from '../records.js';

/** Our reading (contract section 4): how much of a response's body is read and kept. */
const maxBodyBytes = 16_384;
/** How much of its headers is read. */
const maxHeaderBytes = 16_384;
/** How much is read beside the body: interim responses, chunk extensions, trailers and whatever the parser discards. */
const maxOverheadBytes = 65_536;

/** Where a request is sent, as its URL says. */
export interface Target {
  readonly pool: ConnectionPool;
  /** Without brackets if it is an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  /** As the Host header has it. */
  readonly host: string;
  readonly path: string;
}

/** Says what went wrong, for the owner of the endpoint. */
export function describeError(error: unknown): string {
  if (error instanceof SenderError) return error.message;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : 'the connection failed';
  return typeof code === 'string' && !text.includes(code) ? `${code}: ${text}` : text;
}

/** Header names in lower case; values of a name that appears more than once are joined, as in HTTP. */
function collectHeaders(raw: readonly string[]): Record<string, string> {
  const headers = Object.create(null) as Record<string, string>;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    const previous = headers[name];
    headers[name] = previous === undefined ? value : `${previous}, ${value}`;
  }
  return headers;
}

/** One request and its response. Calls back once, whatever happens. */
export class Exchange {
  private readonly startMs = performance.now();
  private readonly chunks: Buffer[] = [];
  private readonly timings: { -readonly [Phase in keyof AttemptTimings]?: AttemptTimings[Phase] } = {};
  private readonly request: ClientRequest;
  private abortConnecting: ((reason: Error) => void) | undefined;
  private connection: PooledConnection | undefined;
  private response: IncomingMessage | undefined;
  private sentMs = this.startMs;
  private respondedMs = this.startMs;
  private bodyBytes = 0;
  private receivedBytes = 0;
  private isSettled = false;

  constructor(
    target: Target,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    private readonly done: (result: AttemptResult) => void,
  ) {
    const options: PoolRequestOptions = {
      agent: target.pool,
      host: target.hostname,
      port: target.port,
      path: target.path,
      method: 'POST',
      headers: [
        'host',
        target.host,
        ...Object.entries(headers).flat(),
        'content-length',
        String(body.length),
      ],
      maxHeaderSize: maxHeaderBytes,
      onConnecting: (abort) => {
        this.abortConnecting = abort;
      },
    };
    this.request = createRequest(options)
      .on('socket', (socket) => {
        this.onSocket(target.pool.connectionOf(socket));
      })
      .on('response', (response) => {
        this.onResponse(response);
      })
      .on('error', (error) => {
        this.onError(error);
      });
    this.request.end(body);
  }

  /** Ends it because its time is up. */
  expire(timeoutMs: number): void {
    this.breakOff(
      this.response
        ? `the answer was not complete within ${timeoutMs} ms`
        : `no answer within ${timeoutMs} ms`,
    );
  }

  /** Ends it and closes its connection. Without an error the response is as good as complete. */
  breakOff(error?: string): void {
    this.finish(error);
    const reason = new Error(error ?? 'The rest of the response is not read.');
    this.abortConnecting?.(reason);
    this.request.destroy(reason);
  }

  private onSocket(connection: PooledConnection | undefined): void {
    this.sentMs = performance.now();
    if (!connection || this.isSettled) return;
    this.connection = connection;
    connection.onBytes = (count) => {
      this.onBytes(count);
    };
    // Only the first attempt on a connection has its phases.
    if (connection.isUsed) return;
    connection.isUsed = true;
    this.timings.dnsMs = connection.dnsMs;
    this.timings.connectMs = connection.connectMs;
    if (connection.tlsMs !== undefined) this.timings.tlsMs = connection.tlsMs;
  }

  private onBytes(count: number): void {
    this.receivedBytes += count;
    if (this.receivedBytes <= maxBodyBytes + maxOverheadBytes) return;
    // The parser has these bytes next. An exchange that is not over after that has no more body than it may keep.
    queueMicrotask(() => {
      if (this.isSettled) return;
      const limitKib = maxOverheadBytes / 1024;
      this.breakOff(
        `the answer has more than ${limitKib} KiB beside its body, in interim responses or the like`,
      );
    });
  }

  private onResponse(response: IncomingMessage): void {
    this.respondedMs = performance.now();
    this.timings.waitMs = since(this.sentMs);
    this.response = response;
    response
      .on('data', (chunk: Buffer) => {
        this.onBody(chunk);
      })
      .on('end', () => {
        // A response may come before the request was sent as a whole.
        if (this.request.writableFinished) this.finish();
        else this.breakOff();
      })
      .on('error', (error) => {
        this.onError(error);
      });
  }

  private onBody(chunk: Buffer): void {
    this.chunks.push(chunk.subarray(0, maxBodyBytes - this.bodyBytes));
    this.bodyBytes += chunk.length;
    if (this.bodyBytes > maxBodyBytes) this.breakOff();
  }

  private onError(error: Error): void {
    // What follows a complete response takes nothing from it: its end comes yet.
    if (this.response?.complete === true) return;
    this.finish(this.response ? `the answer broke off: ${describeError(error)}` : describeError(error));
  }

  private finish(error?: string): void {
    if (this.isSettled) return;
    this.isSettled = true;
    if (this.connection) this.connection.onBytes = undefined;
    if (this.response) this.timings.bodyMs = since(this.respondedMs);
    this.done({
      ...(this.connection && { address: this.connection.address }),
      timings: { ...this.timings, totalMs: since(this.startMs) },
      ...(this.response && {
        status: this.response.statusCode ?? 0,
        responseHeaders: collectHeaders(this.response.rawHeaders),
        responseBody: new TextDecoder().decode(Buffer.concat(this.chunks)),
      }),
      ...(error !== undefined && { error }),
    });
  }
}
