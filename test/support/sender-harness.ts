// A sender on a virtual clock whose requests are recorded and answered by the test.
import { afterEach, beforeEach, vi } from 'vitest';
import {
  createSender,
  type AttemptResult,
  type Clock,
  type CreatedEndpoint,
  type EndpointInput,
  type OutgoingRequest,
  type Sender,
  type SenderOptions,
  type SenderStore,
} from '../../src/sender/index.js';
import type { WebhookEvent } from '../../src/index.js';
import { createVirtualClock, sampleEvent } from '../../src/testing/index.js';

export const url = 'https://93.184.215.14/webhooks/hostwares';
export const secret = 'whsec_of_the_sender_tests';

/** A response, as the transport reports it. */
export function answered(status: number, headers: Record<string, string> = {}): AttemptResult {
  return { status, responseHeaders: headers, responseBody: '', timings: { totalMs: 0 } };
}

export function failedDeployment(): WebhookEvent {
  return sampleEvent('deployment.failed');
}

export function eventWithId(id: string): WebhookEvent {
  return sampleEvent('credits.low', { id });
}

interface SentRequest {
  /** Seconds since the start of the test. */
  readonly at: number;
  readonly request: OutgoingRequest;
  readonly body: { readonly id: string; readonly event: string };
}

export class SenderHarness {
  store!: SenderStore;
  /** Moves time: timers, the monotonic clock, and the wall clock. */
  clock!: ReturnType<typeof createVirtualClock>;
  /** How far the wall clock is set forward or back, in milliseconds. Has an effect only with `canStep`. */
  offsetMs!: number;
  /** The clock of the senders. */
  senderClock!: Clock;
  startedMs!: number;
  /** The requests that were sent, without pings. */
  sent!: SentRequest[];
  /** Answers the request of a delivery; `nth` counts from 1. */
  answer!: (request: OutgoingRequest, nth: number) => AttemptResult | Promise<AttemptResult>;
  answerPing!: () => AttemptResult | Promise<AttemptResult>;
  readonly onEndpointDisabled = vi.fn();
  readonly onError = vi.fn();
  readonly closeTransport = vi.fn(async () => undefined);

  constructor(private readonly canStep: boolean) {}

  reset(store: SenderStore): void {
    this.store = store;
    this.clock = createVirtualClock();
    this.offsetMs = 0;
    this.senderClock = this.canStep ? this.steppableClock() : this.clock;
    this.startedMs = this.clock.now();
    this.sent = [];
    this.answer = () => answered(500);
    this.answerPing = () => answered(200);
    vi.clearAllMocks();
  }

  createSender(options: Partial<SenderOptions> = {}): Sender {
    return createSender({
      store: this.store,
      clock: this.senderClock,
      transport: { send: (request) => this.send(request), close: this.closeTransport },
      onEndpointDisabled: this.onEndpointDisabled,
      onError: this.onError,
      ...options,
    });
  }

  createEndpoint(sender: Sender, input: Partial<EndpointInput> | object = {}): Promise<CreatedEndpoint> {
    return sender.createEndpoint({ url, events: ['*'], secret, ...input });
  }

  /** The times of the requests that were sent, in seconds since the start of the test. */
  sentTimes(): number[] {
    return this.sent.map(({ at }) => at);
  }

  /** The event ids of the requests that were sent. */
  sentIds(): string[] {
    return this.sent.map(({ body }) => body.id);
  }

  /** A clock whose wall time `offsetMs` sets, while its monotonic time goes on. */
  private steppableClock(): Clock {
    return {
      now: () => this.clock.now() + this.offsetMs,
      monotonic: () => this.clock.now(),
      setTimeout: (callback, delayMs) => this.clock.setTimeout(callback, delayMs),
    };
  }

  private async send(request: OutgoingRequest): Promise<AttemptResult> {
    const body = JSON.parse(new TextDecoder().decode(request.body)) as SentRequest['body'];
    if (body.event === 'ping') return this.answerPing();
    this.sent.push({ at: (this.clock.now() - this.startedMs) / 1000, request, body });
    return this.answer(request, this.sent.length);
  }
}

/** Lets pending promises and immediates run. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 40; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Gives every test of the current suite a new sender harness.
 *
 * @param options.canStep - True for a wall clock that `offsetMs` sets; otherwise senders have a virtual clock.
 */
export function useSenderHarness(open: () => SenderStore, { canStep = false } = {}): SenderHarness {
  const harness = new SenderHarness(canStep);
  beforeEach(() => {
    harness.reset(open());
  });
  afterEach(() => harness.store.close());
  return harness;
}
