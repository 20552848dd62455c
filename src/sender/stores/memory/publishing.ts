import { isSubscribed, type DeliveryRecord, type EndpointRecord, type EventRecord } from '../../records.js';
import { maxEndpointsPerStep, type PublishStep } from '../store.js';
import type { Deliveries } from './deliveries.js';
import type { Endpoints } from './endpoints.js';
import type { EventEntry } from './entries.js';
import type { Events } from './events.js';

/** The progress of an event that was published to some of its endpoints only. */
interface FanOut {
  /** The ids of the endpoints at the time of the first step. */
  readonly audience: readonly string[];
  /** How many of them have been processed so far. */
  done: number;
  /** The ids of the deliveries created so far. */
  readonly created: string[];
}

type ToDelivery = (endpoint: EndpointRecord) => DeliveryRecord | undefined;

/** Stores events and their deliveries, in steps. */
export interface Publishing {
  publish(event: EventRecord, toDelivery: ToDelivery, position: number): PublishStep;
  unfinished(): readonly EventRecord[];
}

interface PublishingParts {
  readonly endpoints: Endpoints;
  readonly events: Events;
  readonly deliveries: Deliveries;
}

export function createPublishing({ endpoints, events, deliveries }: PublishingParts): Publishing {
  const fanOuts = new Map<EventEntry, FanOut>();

  /** The next deliveries of an event, for as many endpoints as one step takes. */
  function nextDeliveries(event: EventRecord, { audience, done }: FanOut, toDelivery: ToDelivery) {
    const next: DeliveryRecord[] = [];
    for (const id of audience.slice(done, done + maxEndpointsPerStep)) {
      const endpoint = endpoints.get(id);
      const delivery = endpoint && isSubscribed(endpoint, event) ? toDelivery(endpoint) : undefined;
      if (delivery) next.push(delivery);
    }
    return next;
  }

  /** Stores the next step of an event. Changes nothing if `toDelivery` throws. */
  function publishNext(event: EventRecord, fanOut: FanOut, toDelivery: ToDelivery): PublishStep {
    const added = nextDeliveries(event, fanOut, toDelivery);
    const entry = events.find(event.accountId, event.id) ?? events.add(event, false);
    for (const record of added) deliveries.insert(record, entry);
    fanOut.done += maxEndpointsPerStep;
    if (fanOut.done >= fanOut.audience.length) {
      fanOuts.delete(entry);
      events.finish(entry);
      return { created: true, deliveries: added, next: undefined };
    }
    fanOuts.set(entry, fanOut);
    for (const { id } of added) fanOut.created.push(id);
    return { created: true, deliveries: added, next: fanOut.created.length };
  }

  /** Returns the deliveries that earlier steps created and the store still keeps. */
  function publishedBefore(entry: EventEntry, fanOut: FanOut | undefined, position: number): PublishStep {
    const ids = fanOut?.created ?? entry.deliveries.map(({ record }) => record.id);
    const kept = ids.slice(position).map((id) => deliveries.get(id)?.record);
    const automatic = kept.filter((record) => record?.kind === 'automatic') as DeliveryRecord[];
    return { created: false, deliveries: automatic, next: fanOut?.created.length };
  }

  return {
    publish(event, toDelivery, position) {
      const entry = events.find(event.accountId, event.id);
      if (!entry) {
        const audience = endpoints.audienceOf(event.accountId);
        return publishNext(event, { audience, done: 0, created: [] }, toDelivery);
      }
      const fanOut = fanOuts.get(entry);
      if (fanOut && position >= fanOut.created.length) return publishNext(entry.record, fanOut, toDelivery);
      return publishedBefore(entry, fanOut, position);
    },
    unfinished: () => Array.from(fanOuts.keys(), ({ record }) => record),
  };
}
