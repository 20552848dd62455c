import { setTimeout as sleep } from 'node:timers/promises';
import { describeExchange, describeStatus, isAcknowledged, isRetryable } from '../describe-exchange.js';
import type { SendOptions } from '../endpoint-client.js';
import type { CheckEvent } from '../events.js';
import { fail, pass } from '../outcomes.js';
import type { Exchange } from '../request.js';
import type { Check, CheckContext, Outcome } from '../types.js';

/** A genuine body to send once. */
export interface GenuineDelivery {
  readonly event: Pick<CheckEvent, 'id' | 'type'>;
  readonly body: string;
  /** Names the request in the report: `an event with escapes`. */
  readonly what: string;
}

/** Sends a genuine event once, and logs it if it is acknowledged. */
export async function deliver(
  { client, log }: CheckContext,
  { event, body, what }: GenuineDelivery,
  options: Omit<SendOptions, 'what'> = {},
): Promise<Exchange> {
  const end = await client.send(body, { what, ...options });
  if (isAcknowledged(end)) {
    log.acknowledged.push({ eventId: event.id, type: event.type, what, durationMs: end.durationMs });
  }
  return end;
}

/** Judges a genuine event, which must get a 2xx. */
export async function expectAcknowledged(context: CheckContext, delivery: GenuineDelivery): Promise<Outcome> {
  const end = await deliver(context, delivery);
  return isAcknowledged(end)
    ? pass()
    : fail(`A genuine request, ${delivery.what}, got ${describeExchange(end)} instead of 2xx.`);
}

/** Delivers an event as the platform retries it, with pauses of `pollMs`, until it is no longer worth a retry. */
export async function deliverWithRetries(
  { client, timings }: CheckContext,
  body: string,
  what: string,
): Promise<Exchange> {
  const deadlineMs = performance.now() + timings.settleMs;
  for (;;) {
    const end = await client.send(body, { what });
    if (!isRetryable(end) || performance.now() >= deadlineMs) return end;
    await sleep(timings.pollMs);
  }
}

/** A request that must be rejected. */
export interface ForgedRequest extends Omit<SendOptions, 'what'> {
  /** Names the request in the report: `another secret`. */
  readonly what: string;
  readonly body: string | Uint8Array;
  /** The event's id, which must have no effect. */
  readonly eventId: string;
}

/** Sends requests that must be rejected, and returns the names of those that were acknowledged. */
export async function sendForged(
  { client, log }: CheckContext,
  requests: readonly ForgedRequest[],
): Promise<string[]> {
  const acknowledged: string[] = [];
  for (const { body, eventId, ...options } of requests) {
    const { what } = options;
    const end = await client.send(body, options);
    if (isAcknowledged(end)) acknowledged.push(what);
    else log.rejected.push({ eventId, what });
    if (end.kind === 'failure' && end.reason === 'timeout') log.unanswered.push(what);
    else if (end.kind === 'failure' || end.status >= 500) {
      log.serverErrors.push({ what, answer: describeStatus(end) });
    }
  }
  return acknowledged;
}

/** A check whose requests must all be rejected. */
export interface RejectionCheck extends Omit<Check, 'run'> {
  /** The state if one of them gets a 2xx. */
  readonly ifAcknowledged: 'fail' | 'warn';
  readonly requests: (context: CheckContext) => Promise<readonly ForgedRequest[]> | readonly ForgedRequest[];
}

export function rejectionCheck({ ifAcknowledged, requests, ...check }: RejectionCheck): Check {
  return {
    ...check,
    async run(context) {
      const acknowledged = await sendForged(context, await requests(context));
      if (acknowledged.length === 0) return pass();
      return { state: ifAcknowledged, detail: `The endpoint answered 2xx to ${acknowledged.join('; ')}.` };
    },
  };
}
