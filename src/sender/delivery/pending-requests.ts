import type { AttemptResult } from '../records.js';
import type { Time } from '../time.js';
import type { OutgoingRequest, Transport } from '../transport/transport.js';
import { toAttemptResult } from './attempt-result.js';

/** The result of a request, and whether the transport failed rather than the endpoint. */
export interface Outcome {
  readonly result: AttemptResult;
  readonly isTransportFault: boolean;
}

/** A request without a response so far. */
interface PendingRequest {
  /** The end of the wait, by the monotonic clock. */
  readonly expiresAtMs: number;
  readonly resolve: (outcome: Outcome | undefined) => void;
}

/** The dependencies of {@link PendingRequests}. */
export interface PendingRequestsOptions {
  readonly transport: Transport;
  readonly time: Time;
  readonly attemptTimeoutMs: number;
  readonly onError: (error: unknown) => unknown;
}

// A transport enforces the timeout itself. If it does not, the wait ends this much after the timeout.
const expiryMarginMs = 5_000;

function transportFault(error: string): Outcome {
  return { result: { error, timings: { totalMs: 0 } }, isTransportFault: true };
}

/** Sends requests and bounds the wait for each, even if the transport never resolves. */
export class PendingRequests {
  private readonly limitMs: number;
  /** Oldest first. All have the same limit, so they expire in this order and one timer is enough. */
  private readonly pending = new Set<PendingRequest>();
  private cancelTimer: (() => void) | undefined;

  constructor(private readonly options: PendingRequestsOptions) {
    this.limitMs = options.attemptTimeoutMs + expiryMarginMs;
  }

  /** Resolves to undefined if {@link abort} ended the wait. Never rejects. */
  send(request: OutgoingRequest): Promise<Outcome | undefined> {
    return new Promise((resolve) => {
      const pending = { expiresAtMs: this.options.time.monotonic() + this.limitMs, resolve };
      this.pending.add(pending);
      this.watchOldest();
      void this.transmit(pending, request);
    });
  }

  abort(): void {
    for (const each of [...this.pending]) this.settle(each, undefined);
  }

  private async transmit(pending: PendingRequest, request: OutgoingRequest): Promise<void> {
    const { transport, onError } = this.options;
    try {
      const result = toAttemptResult(await transport.send(request));
      if (result) {
        this.settle(pending, { result, isTransportFault: false });
        return;
      }
      onError(new TypeError('The transport returned a value that is not an AttemptResult.'));
      this.settle(pending, transportFault('the transport returned a result that cannot be stored'));
    } catch (error) {
      onError(error);
      this.settle(pending, transportFault('the transport failed'));
    }
  }

  private settle(pending: PendingRequest, outcome: Outcome | undefined): void {
    this.pending.delete(pending);
    if (this.pending.size === 0) this.watchOldest();
    pending.resolve(outcome);
  }

  private watchOldest(): void {
    if (this.cancelTimer && this.pending.size > 0) return;
    this.cancelTimer?.();
    const { time } = this.options;
    const [oldest] = this.pending;
    this.cancelTimer =
      oldest &&
      time.setTimeout(
        () => {
          this.expire();
        },
        Math.max(0, oldest.expiresAtMs - time.monotonic()),
      );
  }

  private expire(): void {
    this.cancelTimer = undefined;
    const nowMs = this.options.time.monotonic();
    for (const each of this.pending) {
      if (each.expiresAtMs > nowMs) break;
      const error = `timeout: the transport did not end within ${this.limitMs / 1000} s`;
      this.settle(each, {
        result: { error, timings: { totalMs: this.limitMs } },
        isTransportFault: false,
      });
    }
    this.watchOldest();
  }
}
