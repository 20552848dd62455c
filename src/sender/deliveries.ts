import { schedule } from './delivery/state-machine.js';
import { notFound } from './errors.js';
import { newId } from './ids.js';
import { checkKeys, checkPage } from './input.js';
import type { DeliveryRecord, EventRecord } from './records.js';
import type { SenderStore } from './stores/store.js';
import type { Time } from './time.js';
import type { Sender } from './types.js';

/** Creates the record of a delivery that is due now. */
export function newDelivery(
  event: Pick<EventRecord, 'id' | 'type' | 'accountId'>,
  endpointId: string,
  kind: DeliveryRecord['kind'],
  nowMs: number,
): DeliveryRecord {
  return {
    id: newId('dlv'),
    eventId: event.id,
    eventType: event.type,
    accountId: event.accountId,
    endpointId,
    kind,
    status: 'scheduled',
    attempts: 0,
    dueAtMs: nowMs,
    token: null,
    leaseUntilMs: null,
    createdAtMs: nowMs,
  };
}

/** The dependencies of {@link createDeliveries}. */
export interface DeliveriesOptions {
  readonly store: Pick<SenderStore, 'getDelivery' | 'getEndpoint' | 'insertDelivery' | 'listDeliveries'>;
  readonly time: Time;
  /** Called when a delivery became due. */
  readonly onDue: () => void;
}

/** The calls of a sender about deliveries. */
export interface Deliveries {
  readonly get: Sender['getDelivery'];
  readonly list: Sender['listDeliveries'];
  /** Redelivers under a given id. Called again with the same id, it returns the delivery of the first call. */
  readonly redeliver: (deliveryId: string, id: string) => Promise<DeliveryRecord>;
}

export function createDeliveries({ store, time, onDue }: DeliveriesOptions): Deliveries {
  return {
    get: (id) => store.getDelivery(id),
    async list(options = {}) {
      checkKeys('listDeliveries', options, ['endpointId', 'eventId', 'status', 'event', 'cursor', 'limit']);
      const { endpointId, eventId, status, event, ...page } = options;
      return store.listDeliveries({ endpointId, eventId, status, eventType: event, ...checkPage(page) });
    },
    async redeliver(deliveryId, id) {
      const existing = await store.getDelivery(id);
      if (existing) return existing.delivery;
      const original = await store.getDelivery(deliveryId);
      if (!original) throw notFound('delivery', deliveryId);
      const { endpointId } = original.delivery;
      const endpoint = await store.getEndpoint(endpointId);
      if (!endpoint) throw notFound('endpoint', endpointId);
      const nowMs = time.now();
      const delivery = { ...newDelivery(original.event, endpointId, 'manual', nowMs), id };
      const redelivery = schedule(delivery, endpoint, nowMs);
      // False if the event was pruned since it was read.
      const isInserted = await store.insertDelivery({ delivery: redelivery });
      if (!isInserted) throw notFound('delivery', deliveryId);
      onDue();
      return redelivery;
    },
  };
}
