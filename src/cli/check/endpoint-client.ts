import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { signPayload } from '../../signing/signature.js';
import { toBytes } from '../../signing/hmac.js';
import { describeExchange } from './describe-exchange.js';
import { exchange, type Exchange, type RawRequest } from './request.js';
import type { RunLog } from './run-log.js';

/** The run ends after this many requests without a response. */
const maxTimeouts = 3;
const maxRateLimitRetries = 2;
const maxRetryAfterMs = 5_000;
/** A shorter secret may be part of a response by chance. */
const minLeakLength = 8;

/** How a request differs from a genuine one. */
export interface SendOptions {
  /** Names the request in the report: `a request without a signature`. */
  readonly what: string;
  readonly method?: string;
  /** The signature headers: none, one or several. Default: the right one. */
  readonly signature?: readonly string[];
  /** The timestamp headers. Default: the present time. */
  readonly timestamp?: readonly string[];
  readonly pacing?: RawRequest['pacing'];
  readonly truncate?: RawRequest['truncate'];
  readonly timeoutMs?: number;
}

export interface EndpointClient {
  /** The right signature of a body, as the header has it. */
  sign(body: string | Uint8Array): Promise<string>;
  /** The hex HMAC of a body with another hash or key. */
  hmac(hash: 'sha1' | 'sha256', body: string | Uint8Array, key?: string): string;
  nowSeconds(): number;
  /** Sends one request and returns its end, whatever it is. */
  sendOnce(body: string | Uint8Array, options: SendOptions): Promise<Exchange>;
  /**
   * Sends a request as `sendOnce` does, and waits if a rate limit asks for it.
   *
   * @throws RunStoppedError if the endpoint is gone, or hangs again and again
   * @throws RateLimitedError if the endpoint keeps answering 429
   */
  send(body: string | Uint8Array, options: SendOptions): Promise<Exchange>;
}

/** No further check makes sense. */
export class RunStoppedError extends Error {}
/** The endpoint limits the rate of requests, so this check says nothing. */
export class RateLimitedError extends Error {}

export interface EndpointClientOptions {
  readonly url: URL;
  readonly secret: string;
  readonly userAgent: string;
  readonly now: () => number;
  readonly responseMs: number;
  readonly log: RunLog;
  readonly signal: AbortSignal;
}

/** Tells whether something still accepts connections. */
function isListening({ hostname, port, protocol }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: Number(port) || (protocol === 'https:' ? 443 : 80),
      timeout: 2_000,
    });
    for (const event of ['connect', 'error', 'timeout'] as const) {
      socket.once(event, () => {
        resolve(event === 'connect');
        socket.destroy();
      });
    }
  });
}

function retryAfterMs(end: Exchange): number {
  const seconds = end.kind === 'response' ? Number(end.headers['retry-after'] ?? 1) : 0;
  return Math.min(Number.isFinite(seconds) ? Math.max(0, seconds) * 1_000 : 1_000, maxRetryAfterMs);
}

const isRateLimited = (end: Exchange): boolean => end.kind === 'response' && end.status === 429;

/** Logs a response that contains the secret or the signature that a forger lacks. */
function noteLeak({ secret, log }: EndpointClientOptions, end: Exchange, what: string, digits: string): void {
  if (end.kind !== 'response') return;
  const text = `${JSON.stringify(end.headers)}${end.body}`;
  const tellsSecret = secret.length >= minLeakLength && text.includes(secret);
  if (tellsSecret) log.leaks.push({ what, leaked: 'the secret' });
  else if (text.includes(digits)) log.leaks.push({ what, leaked: 'the right signature' });
}

/** Creates a function that throws if the endpoint no longer listens, or has left several requests without a response. */
function createGoneDetector(url: URL): (end: Exchange, what: string) => Promise<void> {
  let timeouts = 0;
  return async (end, what) => {
    if (end.kind === 'response' || end.reason === 'cut') return;
    if (end.reason === 'timeout') {
      timeouts += 1;
      if (timeouts < maxTimeouts) return;
      throw new RunStoppedError(
        `The endpoint left ${timeouts} requests without a response, the last one being ${what}.`,
      );
    }
    if (await isListening(url)) return;
    throw new RunStoppedError(`The endpoint stopped listening after ${what}: ${describeExchange(end)}.`);
  };
}

/** Creates the client that signs and sends every request of a run. */
export function createEndpointClient(options: EndpointClientOptions): EndpointClient {
  const { url, secret, userAgent, now, responseMs, signal } = options;
  const stopIfGone = createGoneDetector(url);
  const nowSeconds = (): number => Math.floor(now() / 1_000);
  const sign = (body: string | Uint8Array): Promise<string> => signPayload(body, secret);

  async function sendOnce(body: string | Uint8Array, send: SendOptions): Promise<Exchange> {
    const right = await sign(body);
    const { signature = [right], timestamp = [String(nowSeconds())], method = 'POST' } = send;
    const bytes = toBytes(body);
    const headers: [string, string][] = [
      ['user-agent', userAgent],
      ...signature.map((value): [string, string] => ['x-hostwares-signature', value]),
      ...timestamp.map((value): [string, string] => ['x-hostwares-timestamp', value]),
    ];
    if (method === 'POST') {
      headers.push(['content-type', 'application/json'], ['content-length', String(bytes.length)]);
    }
    const { pacing, truncate, timeoutMs = responseMs } = send;
    const request = { method, headers, body: bytes, pacing, truncate, timeoutMs };
    const end = await exchange(url, request, signal);
    if (signal.aborted) throw new RunStoppedError('The run was interrupted.');
    if (!signature.some((value) => value.includes(right.slice(7))))
      noteLeak(options, end, send.what, right.slice(7));
    return end;
  }

  return {
    sign,
    hmac: (hash, body, key = secret) => createHmac(hash, key).update(body).digest('hex'),
    nowSeconds,
    sendOnce,
    async send(body, send) {
      let end = await sendOnce(body, send);
      for (let retry = 0; isRateLimited(end) && retry < maxRateLimitRetries; retry += 1) {
        await sleep(retryAfterMs(end), undefined, { signal });
        end = await sendOnce(body, send);
      }
      if (isRateLimited(end)) throw new RateLimitedError(`The endpoint keeps answering 429 to ${send.what}.`);
      await stopIfGone(end, send.what);
      return end;
    },
  };
}
