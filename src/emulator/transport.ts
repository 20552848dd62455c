import { signPayload } from '../signing/signature.js';
import type { AttemptResult } from '../sender/records.js';
import type { OutgoingRequest, Transport } from '../sender/transport/transport.js';
import type { FaultList } from './faults.js';
import { checkTarget } from './targets.js';
import { sendTruncated } from './truncated-request.js';
import type { FaultKind } from './types.js';

/** The dependencies of {@link createEmulatorTransport}. */
export interface EmulatorTransportOptions {
  readonly inner: Transport;
  readonly faults: FaultList;
  readonly allowPrivateNetwork: boolean;
  /** The secret that the endpoint with this URL had before the present one. */
  readonly previousSecretOf: (url: string) => string | undefined;
}

const delayMs = 3_000;
const staleSeconds = 3_600;
const timestampHeader = 'x-hostwares-timestamp';
const signatureHeader = 'x-hostwares-signature';

/** The Unix time of this machine, less some seconds. */
function unixSeconds(agoSeconds = 0): string {
  return String(Math.floor(Date.now() / 1000) - agoSeconds);
}

function withHeaders(request: OutgoingRequest, headers: Readonly<Record<string, string>>): OutgoingRequest {
  return { ...request, headers: { ...request.headers, ...headers } };
}

/** Changes one byte in the middle of the body, which was signed already. */
function tamper(request: OutgoingRequest): OutgoingRequest {
  const body = Uint8Array.from(request.body);
  const middle = Math.floor(body.length / 2);
  body[middle] = (body[middle] ?? 0) ^ 1;
  return { ...request, body };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function isPing({ body }: OutgoingRequest): boolean {
  return /^.{0,200}"event":"ping"/.test(new TextDecoder().decode(body.subarray(0, 256)));
}

/** The result for a URL that must not be sent to. It was checked when it was saved, but the API saves others. */
function refuse(url: string, allowPrivateNetwork: boolean): AttemptResult | undefined {
  try {
    checkTarget(url, allowPrivateNetwork);
    return undefined;
  } catch (error) {
    return { error: (error as Error).message, timings: { totalMs: 0 } };
  }
}

/** Requests that wait for the next one to be sent before them. */
class ReorderedRequests {
  private releaseWaiting: () => void = () => undefined;

  /** Resolves after the next request was passed on, or after 3 s. */
  async waitForNext(): Promise<void> {
    const next = new Promise<void>((resolve) => {
      this.releaseWaiting = resolve;
    });
    await Promise.race([next, wait(delayMs)]);
  }

  /** Called after another request was passed on. */
  release(): void {
    this.releaseWaiting();
  }
}

/**
 * Creates the transport of the emulator. It stamps each request with the machine's time, because the emulator's clock
 * may be hours ahead and receivers check the timestamp; and it introduces the faults that were asked for.
 */
export function createEmulatorTransport(options: EmulatorTransportOptions): Transport {
  const { inner, faults, allowPrivateNetwork, previousSecretOf } = options;
  const reordered = new ReorderedRequests();

  const send: Record<FaultKind, (request: OutgoingRequest) => Promise<AttemptResult>> = {
    async duplicate(request) {
      const [first, second] = await Promise.all([inner.send(request), inner.send(request)]);
      return { ...first, note: `sent twice; the other response: ${second.status ?? second.error}` };
    },
    async delay(request) {
      await wait(delayMs);
      return { ...(await inner.send(request)), note: `sent ${delayMs / 1000} s late` };
    },
    async reorder(request) {
      await reordered.waitForNext();
      return { ...(await inner.send(request)), note: 'sent after the next request' };
    },
    async tamper(request) {
      return {
        ...(await inner.send(tamper(request))),
        note: 'one byte of the body was changed after signing',
      };
    },
    async stale(request) {
      const stale = withHeaders(request, { [timestampHeader]: unixSeconds(staleSeconds) });
      const result = await inner.send(stale);
      return { ...result, requestHeaders: stale.headers, note: 'the timestamp header is an hour old' };
    },
    async truncate(request) {
      return {
        ...(await sendTruncated(request)),
        note: 'the connection was closed in the middle of the body',
      };
    },
    async 'old-secret'(request) {
      const previous = previousSecretOf(request.url);
      const signature = await signPayload(request.body, previous ?? crypto.randomUUID());
      const signed = withHeaders(request, { [signatureHeader]: signature });
      const which = previous === undefined ? 'a wrong secret' : 'the previous secret';
      return { ...(await inner.send(signed)), requestHeaders: signed.headers, note: `signed with ${which}` };
    },
  };

  return {
    async send(request) {
      const refusal = refuse(request.url, allowPrivateNetwork);
      if (refusal) return refusal;
      const stamped = withHeaders(request, { [timestampHeader]: unixSeconds() });
      const kind = isPing(request) ? undefined : faults.take();
      const result = kind === undefined ? inner.send(stamped) : send[kind](stamped);
      if (kind !== 'reorder')
        setImmediate(() => {
          reordered.release();
        });
      return { requestHeaders: stamped.headers, ...(await result) };
    },
    close: () => inner.close(),
  };
}
