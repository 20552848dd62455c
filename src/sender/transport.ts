import { Buffer } from 'node:buffer';
import diagnostics from 'node:diagnostics_channel';
import { isIP, type Socket } from 'node:net';
import type * as undiciModule from 'undici';
import type { Dispatcher, buildConnector } from 'undici';
import { loadPeer } from '../load-peer.js';
import { SenderError } from './errors.js';
import type { AttemptResult, AttemptTimings } from './stores/contract.js';
import type { OutgoingRequest, Transport } from './transport-contract.js';
import type { UrlGuard } from './url-guard.js';

/** Our reading (contract section 4): as much of an answer's body as is read and kept. */
const maxAnswerBytes = 16_384;
/** As much of its headers. */
const maxHeaderBytes = 16_384;
/** Connections to one origin; as many as an endpoint may have in flight. */
const keepAliveMs = 4_000;
/** As many URLs as are kept checked. */
const maxTargets = 10_000;

/** How a connection came about, for the log of the attempt that opened it. */
interface Connection {
  readonly address: string;
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs?: number;
  /** Only the first attempt on a connection has its phases. */
  logged: boolean;
}

const connections = new WeakMap<Socket, Connection>();
/** Attempts by the request that undici makes of each: how its socket is found. */
const requests = new WeakMap<object, (socket: Socket) => void>();
let creating: ((socket: Socket) => void) | undefined;
let subscribed = false;

/** undici tells in diagnostics which socket a request goes out on; nothing else of it does. */
function subscribe(): void {
  if (subscribed) return;
  subscribed = true;
  diagnostics.subscribe('undici:request:create', (message) => {
    if (creating) requests.set((message as { request: object }).request, creating);
  });
  diagnostics.subscribe('undici:client:sendHeaders', (message) => {
    const { request, socket } = message as { request: object; socket: Socket };
    requests.get(request)?.(socket);
  });
}

const loadUndici = (): Promise<typeof undiciModule> =>
  loadPeer('undici', 'The sender', () => import('undici'));

function since(startMs: number): number {
  return Math.round((performance.now() - startMs) * 10) / 10;
}

/** What a connector of undici also gives back, before it is encrypted; its types do not say so. */
type Dial = (...args: Parameters<buildConnector.connector>) => Socket | undefined;

/** Connects to an address that the guard has checked, under the host's own name. */
function createConnect(
  undici: typeof undiciModule,
  guard: UrlGuard,
  timeoutMs: number,
): buildConnector.connector {
  const connect = undici.buildConnector({ timeout: timeoutMs, allowH2: false });
  return (options, callback) => {
    const begunMs = performance.now();
    guard.resolve(options.hostname).then(
      ([address = '']) => {
        const dnsMs = since(begunMs);
        const dialledMs = performance.now();
        let connectMs: number | undefined;
        // An address has no name to ask for: its certificate is checked against the address.
        const servername =
          isIP(options.hostname.replace(/^\[|\]$/g, '')) === 0 ? options.hostname : undefined;
        const target = { ...options, hostname: address, host: address, ...(servername && { servername }) };
        const dialled = (connect as Dial)(target, (error, socket) => {
          if (error) {
            callback(error, null);
            return;
          }
          const totalMs = since(dialledMs);
          const encrypted = 'encrypted' in socket;
          connectMs ??= totalMs;
          connections.set(socket, {
            address: `${address.includes(':') ? `[${address}]` : address}:${socket.remotePort ?? options.port}`,
            dnsMs,
            connectMs,
            ...(encrypted && { tlsMs: Math.round((totalMs - connectMs) * 10) / 10 }),
            logged: false,
          });
          callback(null, socket);
        });
        dialled?.once('connect', () => {
          connectMs = since(dialledMs);
        });
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), null);
      },
    );
  };
}

/** What went wrong, in words for the owner of the endpoint. */
function wordsOf(error: unknown): string {
  if (error instanceof SenderError) return error.message;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : 'the connection failed';
  return typeof code === 'string' && !text.includes(code) ? `${code}: ${text}` : text;
}

/** Header names in lower case; what stands more than once is joined, as in HTTP. */
function headersOf(raw: Record<string, string | string[] | undefined>): Record<string, string> {
  const headers = Object.create(null) as Record<string, string>;
  for (const name in raw) {
    const value = raw[name];
    headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  }
  return headers;
}

/** One request on its way. */
class Exchange implements Dispatcher.DispatchHandler {
  private readonly begunMs = performance.now();
  private readonly chunks: Buffer[] = [];
  private readonly timings: { -readonly [Phase in keyof AttemptTimings]?: AttemptTimings[Phase] } = {};
  private size = 0;
  private sentMs = this.begunMs;
  private answeredMs: number | undefined;
  private address: string | undefined;
  private status: number | undefined;
  private headers: Record<string, string> | undefined;
  private controller: Dispatcher.DispatchController | undefined;
  private over = false;

  constructor(private readonly done: (result: AttemptResult) => void) {}

  onSocket(socket: Socket): void {
    this.sentMs = performance.now();
    const connection = connections.get(socket);
    this.address = connection?.address;
    if (!connection || connection.logged) return;
    connection.logged = true;
    this.timings.dnsMs = connection.dnsMs;
    this.timings.connectMs = connection.connectMs;
    if (connection.tlsMs !== undefined) this.timings.tlsMs = connection.tlsMs;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // The time was up while it waited for a connection.
    if (this.over) controller.abort(new Error('aborted'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.answeredMs = performance.now();
    this.timings.waitMs = since(this.sentMs);
    this.status = status;
    this.headers = headersOf(headers);
    this.controller = controller;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk.subarray(0, maxAnswerBytes - this.size));
    this.size += chunk.length;
    if (this.size <= maxAnswerBytes) return;
    // Enough is known. What the answer still has to say is not waited for.
    this.finish();
    controller.abort(new Error('the answer is longer than is read'));
  }

  onResponseEnd(): void {
    this.finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.finish(this.status === undefined ? wordsOf(error) : `the answer broke off: ${wordsOf(error)}`);
  }

  /** Ends it: with the answer, or with what is wrong. The first word counts. */
  finish(error?: string): void {
    if (this.over) return;
    this.over = true;
    if (this.answeredMs !== undefined) this.timings.bodyMs = since(this.answeredMs);
    this.done({
      ...(this.address !== undefined && { address: this.address }),
      timings: { ...this.timings, totalMs: since(this.begunMs) },
      ...(this.status !== undefined && { status: this.status, responseHeaders: this.headers ?? {} }),
      ...(this.status !== undefined && {
        responseBody: new TextDecoder().decode(Buffer.concat(this.chunks)),
      }),
      ...(error !== undefined && { error }),
    });
  }

  /** Ends it because its time is up. */
  expire(timeoutMs: number): void {
    this.finish(
      this.status === undefined
        ? `no answer within ${timeoutMs} ms`
        : `the answer was not complete within ${timeoutMs} ms`,
    );
    this.controller?.abort(new Error('the time is up'));
  }
}

/**
 * Requests over HTTP/1.1 by undici, with connections kept and reused per origin. One deadline is over
 * everything; redirects are not followed; of an answer at most 16 KiB is read; and what is connected to is
 * what the guard has checked.
 */
export function createHttpTransport(guard: UrlGuard, attemptTimeoutMs: number): Transport {
  let agent: Promise<Dispatcher> | undefined;
  /** What a URL's text alone tells does not change. */
  const targets = new Map<string, { readonly origin: string; readonly path: string }>();

  function targetOf(url: string): { readonly origin: string; readonly path: string } {
    const known = targets.get(url);
    if (known) return known;
    const { origin, pathname, search } = guard.checkUrl(url);
    if (targets.size >= maxTargets) targets.clear();
    const target = { origin, path: pathname + search };
    targets.set(url, target);
    return target;
  }

  async function open(): Promise<Dispatcher> {
    const undici = await loadUndici();
    subscribe();
    return new undici.Agent({
      connect: createConnect(undici, guard, attemptTimeoutMs),
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      maxHeaderSize: maxHeaderBytes,
      // The deadline is ours.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  return {
    async prepare() {
      await loadUndici();
    },
    async send({ url, headers, body, timeoutMs }: OutgoingRequest) {
      const dispatcher = await (agent ??= open());
      return new Promise<AttemptResult>((resolve) => {
        const timer = setTimeout(() => {
          exchange.expire(timeoutMs);
        }, timeoutMs);
        const exchange = new Exchange((result) => {
          clearTimeout(timer);
          resolve(result);
        });
        try {
          const { origin, path } = targetOf(url);
          creating = (socket) => {
            exchange.onSocket(socket);
          };
          dispatcher.dispatch({ origin, path, method: 'POST', headers, body }, exchange);
        } catch (error) {
          exchange.finish(wordsOf(error));
        } finally {
          creating = undefined;
        }
      });
    },
    async close() {
      const open = await agent?.catch(() => undefined);
      agent = undefined;
      await open?.destroy();
    },
  };
}
