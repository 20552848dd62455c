import { setMaxListeners } from 'node:events';
import { signPayload } from '../signing/signature.js';
import type { AttemptResult } from '../sender/records.js';
import type { OutgoingRequest, Transport } from '../sender/transport/transport.js';
import type { FaultList } from './faults.js';
import type { PreviousSecrets } from './previous-secrets.js';
import { ReorderedRequests } from './reordered-requests.js';
import { checkTarget } from './targets.js';
import { sendTruncated } from './truncated-request.js';
import type { FaultKind } from './types.js';
import { wait } from './wait.js';

/** The dependencies of {@link createEmulatorTransport}. */
export interface EmulatorTransportOptions {
  readonly inner: Transport;
  readonly faults: FaultList;
  readonly allowPrivateNetwork: boolean;
  readonly previousSecrets: PreviousSecrets;
}

// Shorter than the 5 s that the sender adds to the timeout of an attempt before it gives up.
const delayMs = 3_000;
const staleSeconds = 3_600;
const timestampHeader = 'x-hostwares-timestamp';
const signatureHeader = 'x-hostwares-signature';

const stopped: AttemptResult = { error: 'the emulator was stopped', timings: { totalMs: 0 } };

function withHeader(request: OutgoingRequest, name: string, value: string): OutgoingRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

/** Changes one byte in the middle of the body, which was signed already. */
function tamper(request: OutgoingRequest): OutgoingRequest {
  const body = Uint8Array.from(request.body);
  const middle = body.length >> 1;
  body[middle] = (body[middle] ?? 0) ^ 1;
  return { ...request, body };
}

function isPing({ body }: OutgoingRequest): boolean {
  return (JSON.parse(new TextDecoder().decode(body)) as { event?: unknown }).event === 'ping';
}

/** The result for a URL that must not be sent to. A database may have endpoints that were saved with other options. */
function refuse(url: string, allowPrivateNetwork: boolean): AttemptResult | undefined {
  try {
    checkTarget(url, allowPrivateNetwork);
    return undefined;
  } catch (error) {
    return { error: (error as Error).message, timings: { totalMs: 0 } };
  }
}

type Send = (request: OutgoingRequest, closing: AbortSignal) => Promise<AttemptResult>;

/** One function for each fault, which sends a request with it. */
function createFaultySends(
  { inner, previousSecrets }: EmulatorTransportOptions,
  reordered: ReorderedRequests,
): Readonly<Record<FaultKind, Send>> {
  return {
    async duplicate(request) {
      const [first, second] = await Promise.all([inner.send(request), inner.send(request)]);
      return { ...first, note: `sent twice; the other response: ${second.error ?? second.status}` };
    },
    async delay(request, closing) {
      if (!(await wait(delayMs, closing))) return stopped;
      return { ...(await inner.send(request)), note: `sent ${delayMs / 1000} s late` };
    },
    async reorder(request, closing) {
      const outcome = await reordered.waitForNext(request.url, (next) =>
        Promise.race([next.then(() => 'passed' as const), wait(delayMs, closing)]),
      );
      if (outcome === false) return stopped;
      const note =
        outcome === 'passed'
          ? 'sent after the next request'
          : `sent ${delayMs / 1000} s late: no other request ended meanwhile`;
      return { ...(await inner.send(request)), note };
    },
    async tamper(request) {
      const result = await inner.send(tamper(request));
      return { ...result, note: 'one byte of the body was changed after signing' };
    },
    async stale(request) {
      const seconds = Number(request.headers[timestampHeader]) - staleSeconds;
      const stale = withHeader(request, timestampHeader, String(seconds));
      const result = await inner.send(stale);
      return { ...result, requestHeaders: stale.headers, note: 'the timestamp header is an hour old' };
    },
    async truncate(request, closing) {
      const result = await sendTruncated(request, closing);
      return { ...result, note: 'the connection was closed in the middle of the body' };
    },
    async 'old-secret'(request) {
      const previous = await previousSecrets.find(request.body, request.headers[signatureHeader]);
      const signature = await signPayload(request.body, previous ?? crypto.randomUUID());
      const signed = withHeader(request, signatureHeader, signature);
      const which = previous === undefined ? 'a wrong secret' : 'the previous secret';
      return { ...(await inner.send(signed)), requestHeaders: signed.headers, note: `signed with ${which}` };
    },
  };
}

function createClosing(): AbortController {
  const closing = new AbortController();
  // Each waiting request listens.
  setMaxListeners(0, closing.signal);
  return closing;
}

/** Creates the transport of the emulator, which introduces the faults that were asked for. */
export function createEmulatorTransport(options: EmulatorTransportOptions): Transport {
  const { inner, faults, allowPrivateNetwork } = options;
  const reordered = new ReorderedRequests();
  const faultySends = createFaultySends(options, reordered);
  let closing = createClosing();

  function takeFault({ url }: OutgoingRequest): FaultKind | undefined {
    // The next request passes a reordered one and takes no such fault itself: each fault swaps two requests.
    const isNext = reordered.isWaiting(url) && faults.list()[0]?.kind === 'reorder';
    return isNext ? undefined : faults.take();
  }

  async function sendDelivery(request: OutgoingRequest): Promise<AttemptResult> {
    const kind = takeFault(request);
    if (kind === 'reorder') return faultySends.reorder(request, closing.signal);
    try {
      return await (kind === undefined ? inner.send(request) : faultySends[kind](request, closing.signal));
    } finally {
      reordered.release(request.url);
    }
  }

  return {
    async send(request) {
      const refusal = refuse(request.url, allowPrivateNetwork);
      if (refusal) return refusal;
      const isPlain = faults.list().length === 0 && !reordered.isWaiting(request.url);
      return isPlain || isPing(request) ? inner.send(request) : sendDelivery(request);
    },
    async close() {
      closing.abort();
      closing = createClosing();
      await inner.close();
    },
  };
}
