import type { Buffer } from 'node:buffer';
import { request as createRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { AttemptResult, AttemptTimings } from '../records.js';
import type { PooledConnection, PoolRequestOptions } from './connection-pool.js';
import { describeError } from './describe-error.js';
import { elapsedMs } from './elapsed.js';
import { maxBodyBytes, ResponseBody } from './response-body.js';
import type { Target } from './targets.js';

const maxHeaderBytes = 16_384;
/** The limit of everything beside the body: interim responses, chunk extensions, trailers and discarded bytes. */
const maxOverheadBytes = 65_536;

/** Returns names in lower case, and joins the values of a repeated name as HTTP prescribes. */
function toHeaders(raw: readonly string[]): Record<string, string> {
  const headers = Object.create(null) as Record<string, string>;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    const previous = headers[name];
    headers[name] = previous === undefined ? value : `${previous}, ${value}`;
  }
  return headers;
}

/** One request and its response. Calls `done` exactly once. */
export class Exchange {
  private readonly startMs = performance.now();
  private readonly timings: { -readonly [Phase in keyof AttemptTimings]?: AttemptTimings[Phase] } = {};
  private readonly body = new ResponseBody();
  private readonly request: ClientRequest;
  private abortConnecting: ((reason: Error) => void) | undefined;
  private connection: PooledConnection | undefined;
  private response: IncomingMessage | undefined;
  private sentMs = this.startMs;
  private respondedMs = this.startMs;
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

  /** Ends the exchange at its deadline. */
  expire(timeoutMs: number): void {
    this.abort(
      this.response
        ? `the response was not complete within ${timeoutMs} ms`
        : `no response within ${timeoutMs} ms`,
    );
  }

  /** Ends the exchange and closes its connection. Without an error, the response counts as complete. */
  abort(error?: string): void {
    this.settle(error);
    const reason = new Error(error ?? 'The response is not read further.');
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
    // The log shows the phases of a connection with its first attempt only.
    if (connection.isUsed) return;
    connection.isUsed = true;
    this.timings.dnsMs = connection.dnsMs;
    this.timings.connectMs = connection.connectMs;
    if (connection.tlsMs !== undefined) this.timings.tlsMs = connection.tlsMs;
  }

  private onBytes(count: number): void {
    this.receivedBytes += count;
    if (this.receivedBytes <= maxBodyBytes + maxOverheadBytes) return;
    // The parser gets these bytes next. If the exchange continues after them, its body is within the limit, so the
    // excess is overhead.
    queueMicrotask(() => {
      if (this.isSettled) return;
      this.abort(
        `the response has more than ${maxOverheadBytes / 1024} KiB beside its body, such as interim responses`,
      );
    });
  }

  private onResponse(response: IncomingMessage): void {
    this.respondedMs = performance.now();
    this.timings.waitMs = elapsedMs(this.sentMs);
    this.response = response;
    response
      .on('data', (chunk: Buffer) => {
        if (!this.body.add(chunk)) this.abort();
      })
      .on('end', () => {
        // A response may arrive before the whole request was sent.
        if (this.request.writableFinished) this.settle();
        else this.abort();
      })
      .on('error', (error) => {
        this.onError(error);
      });
  }

  private onError(error: Error): void {
    // An error after a complete response does not affect it: its 'end' event follows.
    if (this.response?.complete === true) return;
    this.settle(this.response ? `the response broke off: ${describeError(error)}` : describeError(error));
  }

  private settle(error?: string): void {
    if (this.isSettled) return;
    this.isSettled = true;
    if (this.connection) this.connection.onBytes = undefined;
    if (this.response) this.timings.bodyMs = elapsedMs(this.respondedMs);
    this.done({
      ...(this.connection && { address: this.connection.address }),
      timings: { ...this.timings, totalMs: elapsedMs(this.startMs) },
      ...(this.response && {
        status: this.response.statusCode ?? 0,
        responseHeaders: toHeaders(this.response.rawHeaders),
        responseBody: this.body.toString(),
      }),
      ...(error !== undefined && { error }),
    });
  }
}
