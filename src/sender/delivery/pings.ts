import { begin } from './state-machine.js';
import type { Dispatcher } from './dispatcher.js';
import { newId } from '../ids.js';
import { newDelivery } from '../deliveries.js';
import { ownerOf, type AttemptResult, type EndpointRecord, type EventRecord } from '../records.js';
import { type Claim, type SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';
import type { PingResult } from '../types.js';

/** The end of a ping that found no place. */
const noPlace: AttemptResult = {
  error: 'not sent: too many requests to endpoints of this account are under way; try again later',
  timings: { totalMs: 0 },
};

function toPingResult(deliveryId: string, result: AttemptResult): PingResult {
  const { status = null, error } = result;
  const ok = error === undefined && status !== null && status >= 200 && status < 300;
  const said = result.responseBody?.slice(0, 200) ?? '';
  const failure = error ?? `HTTP ${status}${said === '' ? '' : `: ${said}`}`;
  return { ok, deliveryId, status, error: ok ? null : failure };
}

/**
 * Sends pings (contract section 1): one attempt each, which counts for nothing. They take places like deliveries. While
 * an endpoint is being pinged, it is not pinged a second time: who asks for it gets the result of the first.
 */
export function createPings(
  store: Pick<SenderStore, 'insertDelivery'>,
  time: Time,
  dispatcher: Dispatcher,
): (endpoint: EndpointRecord) => Promise<PingResult> {
  const underWay = new Map<string, Promise<PingResult>>();

  function newEvent(endpoint: EndpointRecord, nowMs: number): EventRecord {
    const body = {
      id: newId('evt'),
      event: 'ping',
      timestamp: new Date(nowMs).toISOString(),
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

  /** Stores a ping that has begun already, so that nobody else claims it. */
  async function insert(endpoint: EndpointRecord): Promise<Claim> {
    const nowMs = time.now();
    const event = newEvent(endpoint, nowMs);
    const begun = begin(
      { delivery: newDelivery(event, endpoint.id, 'ping', nowMs), endpoint, attempt: undefined },
      { nowMs, token: crypto.randomUUID(), leaseMs: dispatcher.leaseMs },
    );
    if (!begun) throw new Error('A ping that is due now must begin.');
    const { delivery, attempt } = begun;
    await store.insertDelivery({ delivery, event, attempt });
    return { delivery, endpoint, event };
  }

  async function send(endpoint: EndpointRecord): Promise<PingResult> {
    return dispatcher.ping(ownerOf(endpoint), async (hasPlace) => {
      const claim = await insert(endpoint);
      const result = await dispatcher.attempt(claim, hasPlace ? undefined : noPlace);
      return toPingResult(claim.delivery.id, result);
    });
  }

  return (endpoint) => {
    // An endpoint that was changed meanwhile is pinged as it is now.
    const target = JSON.stringify([endpoint.id, endpoint.url, endpoint.secret]);
    const sent = underWay.get(target) ?? send(endpoint).finally(() => underWay.delete(target));
    underWay.set(target, sent);
    return sent;
  };
}
