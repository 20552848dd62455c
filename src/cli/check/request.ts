import { Buffer } from 'node:buffer';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** The part of a response body that is read, as the platform reads it. */
const maxResponseBytes = 16_384;

/** A request as it is put on the wire. The headers are sent in this order, also if a name appears twice. */
export interface RawRequest {
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** Sends the body in pieces. */
  readonly pacing?: { readonly chunkBytes: number; readonly delayMs: number } | undefined;
  /** Sends only the beginning of the body, and then closes the connection or keeps it open. */
  readonly truncate?: { readonly bytes: number; readonly then: 'close' | 'wait' } | undefined;
  /** The deadline for everything. */
  readonly timeoutMs: number;
}

export type FailureReason =
  'refused' | 'unknown-host' | 'tls' | 'unreachable' | 'timeout' | 'closed' | 'malformed' | 'cut';

/** The end of a request: a response, or the reason why there is none. */
export type Exchange = RawResponse | Failure;

export interface RawResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The first 16 KiB. Text from outside. */
  readonly body: string;
  readonly durationMs: number;
}

interface Failure {
  readonly kind: 'failure';
  /** `cut`: this side closed the connection, as `truncate` asks. */
  readonly reason: FailureReason;
  readonly message: string;
  readonly durationMs: number;
}

const reasons: Readonly<Record<string, FailureReason>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unknown-host',
  EAI_AGAIN: 'unknown-host',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'unreachable',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
};

function classify({ code = '' }: NodeJS.ErrnoException): FailureReason {
  if (code.startsWith('HPE_')) return 'malformed';
  if (/^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(code)) return 'tls';
  return reasons[code] ?? 'closed';
}

function write(outgoing: ClientRequest, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    // Also called, with an error, when the connection ends. The error event has the reason.
    outgoing.write(bytes, () => {
      resolve();
    });
  });
}

async function writeBody(outgoing: ClientRequest, request: RawRequest): Promise<void> {
  const { pacing, truncate } = request;
  const body = request.body.subarray(0, truncate?.bytes);
  const chunkBytes = pacing?.chunkBytes ?? body.length;
  for (let offset = 0; offset < body.length && !outgoing.destroyed; offset += chunkBytes) {
    if (pacing && offset > 0) await sleep(pacing.delayMs);
    await write(outgoing, body.subarray(offset, offset + chunkBytes));
  }
}

async function readBeginning(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= maxResponseBytes) break;
    }
  } catch (error) {
    // A body that breaks off is no complete response, unless the rest is not needed.
    if (length < maxResponseBytes) throw error;
  }
  return Buffer.concat(chunks).subarray(0, maxResponseBytes).toString('utf8');
}

function open(url: URL, { method, headers }: RawRequest): ClientRequest {
  const create = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return create(url, {
    method,
    // As rawHeaders: in order, with repetitions, and without any header that Node would add.
    headers: ['host', url.host, ...headers.flat()],
    // A connection of its own, so that no request suffers from another one.
    agent: false,
  });
}

/** Sends one request and resolves with its end. Never rejects. */
export function exchange(url: URL, request: RawRequest, signal: AbortSignal): Promise<Exchange> {
  const startedMs = performance.now();
  const durationMs = () => Math.round(performance.now() - startedMs);
  return new Promise((resolve) => {
    const outgoing = open(url, request);
    const settle = (end: Exchange): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(end);
      outgoing.destroy();
    };
    const settleFailure = (reason: FailureReason, message: string): void => {
      settle({ kind: 'failure', reason, message, durationMs: durationMs() });
    };
    const onAbort = (): void => {
      settleFailure('cut', 'interrupted');
    };
    const timer = setTimeout(() => {
      settleFailure('timeout', `no complete response within ${request.timeoutMs} ms`);
    }, request.timeoutMs);
    signal.addEventListener('abort', onAbort);
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      settleFailure(classify(error), error.code ?? error.message);
    });
    outgoing.on('response', (response) => {
      readBeginning(response).then(
        (body) => {
          const { statusCode: status = 0, headers } = response;
          settle({ kind: 'response', status, headers, body, durationMs: durationMs() });
        },
        () => {
          settleFailure('closed', 'the response broke off');
        },
      );
    });
    void writeBody(outgoing, request).then(() => {
      if (request.truncate?.then === 'wait') return;
      outgoing.end(() => {
        if (request.truncate) settleFailure('cut', 'closed by this side');
      });
    });
    if (signal.aborted) onAbort();
  });
}
