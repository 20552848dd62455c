import { newId } from '../ids.js';
import { newDelivery } from '../deliveries.js';
import { ownerOf, type AttemptResult, type EndpointRecord, type EventRecord } from '../records.js';
import type { Claim, SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';
import type { PingResult } from '../types.js';
import type { Dispatcher } from './dispatcher.js';
import { begin } from './state-machine.js';

/** The result of a ping that got no slot. */
const noSlot: AttemptResult = {
  error: 'not sent: too many requests to endpoints of this account are under way; try again later',
  timings: { totalMs: 0 },
};

const maxBodyInError = 200;

function toPingResult(deliveryId: string, result: AttemptResult): PingResult {
  const { status = null, error } = result;
  const ok = error === undefined && status !== null && status >= 200 && status < 300;
  const body = result.responseBody?.slice(0, maxBodyInError) ?? '';
  const failure = error ?? `HTTP ${status}${body === '' ? '' : `: ${body}`}`;
  return { ok, deliveryId, status, error: ok ? null : failure };
}

function newPingEvent(endpoint: EndpointRecord, nowMs: number, timestampMs: number): EventRecord {
  const body = {
    id: newId('evt'),
    event: 'ping',
    timestamp: new Date(timestampMs).toISOString(),
    account_id: endpoint.accountId ?? '*',
    data: { webhook_id: endpoint.id, events: endpoint.events },
  };
  return {
    id: body.id,
    type: 'ping',
    accountId: body.account_id,
    body: new TextEncoder().encode(JSON.stringify(body)),
    createdAtMs: nowMs,
  };
}

/**
 * Creates the function that pings an endpoint (contract section 1): one attempt, which has no effect on the endpoint's
 * status. A ping takes a slot like a delivery. A call during a ping of the same endpoint gets the result of that ping.
 */
export function createPings(
  store: Pick<SenderStore, 'insertDelivery'>,
  time: Time,
  dispatcher: Pick<Dispatcher, 'ping' | 'attempt' | 'leaseMs'>,
): (endpoint: EndpointRecord) => Promise<PingResult> {
  const inFlight = new Map<string, Promise<PingResult>>();

  /** Stores a ping whose attempt has begun, so that no poll claims it. */
  async function insert(endpoint: EndpointRecord): Promise<Claim> {
    const nowMs = time.now();
    const event = newPingEvent(endpoint, nowMs, time.timestamp());
    const begun = begin(
      { delivery: newDelivery(event, endpoint.id, 'ping', nowMs), endpoint, attempt: undefined },
      { nowMs, token: crypto.randomUUID(), leaseMs: dispatcher.leaseMs },
    );
    if (!begun) throw new Error('A ping that is due now must begin.');
    const { delivery, attempt } = begun;
    await store.insertDelivery({ delivery, event, attempt });
    return { delivery, endpoint, event };
  }

  function send(endpoint: EndpointRecord): Promise<PingResult> {
    return dispatcher.ping(ownerOf(endpoint), async (hasSlot) => {
      const claim = await insert(endpoint);
      const result = await dispatcher.attempt(claim, hasSlot ? undefined : noSlot);
      return toPingResult(claim.delivery.id, result);
    });
  }

  return (endpoint) => {
    // An endpoint that was changed during a ping is pinged again.
    const key = JSON.stringify([endpoint.id, endpoint.url, endpoint.secret]);
    const ping = inFlight.get(key) ?? send(endpoint).finally(() => inFlight.delete(key));
    inFlight.set(key, ping);
    return ping;
  };
}
