import type { EndpointRecord, Transition } from '../sender/records.js';
import type { SenderStore } from '../sender/stores/store.js';
import type { DeliveryChange } from './types.js';

/** Observes the writes of a store. Called after each write has been committed. */
export interface StoreObserver {
  readonly onDelivery: (change: DeliveryChange) => void;
  readonly onEndpoint: (before: EndpointRecord, after: EndpointRecord) => void;
  /** Called with the URL of an endpoint before it is written. If it throws, nothing is written. */
  readonly checkUrl: (url: string) => void;
}

/** Records the changes that transitions make. A store may call one again, so the last change of a delivery counts. */
class Recorder {
  private readonly changes = new Map<string, DeliveryChange>();

  constructor(private readonly observer: StoreObserver) {}

  record(transition: Transition): Transition {
    return (rows) => {
      const change = transition(rows);
      if (change) {
        const { delivery, attempt } = change;
        this.changes.set(delivery.id, { delivery, attempt });
      } else {
        this.changes.delete(rows.delivery.id);
      }
      return change;
    };
  }

  report(): void {
    for (const change of this.changes.values()) this.observer.onDelivery(change);
  }

  /** Reports the changes, after they have been committed. */
  async reportAfter<Result>(write: Promise<Result>): Promise<Result> {
    const result = await write;
    this.report();
    return result;
  }
}

/** The writes of deliveries that a transition describes. */
function observeTransitions(store: SenderStore, observer: StoreObserver) {
  return {
    deleteEndpoint(id, change) {
      const recorder = new Recorder(observer);
      return recorder.reportAfter(store.deleteEndpoint(id, recorder.record(change)));
    },
    changeWaiting(request) {
      const recorder = new Recorder(observer);
      return recorder.reportAfter(
        store.changeWaiting({ ...request, change: recorder.record(request.change) }),
      );
    },
    claim(request) {
      const recorder = new Recorder(observer);
      return recorder.reportAfter(store.claim({ ...request, begin: recorder.record(request.begin) }));
    },
    async settle(settlements) {
      // One recorder each: a later settlement of the same delivery may change nothing.
      const recorded = settlements.map((settlement) => ({ settlement, recorder: new Recorder(observer) }));
      await store.settle(
        recorded.map(({ settlement: { deliveryId, change }, recorder }) => ({
          deliveryId,
          change: recorder.record(change),
        })),
      );
      for (const { recorder } of recorded) recorder.report();
    },
    expire(nowMs, change) {
      const recorder = new Recorder(observer);
      return recorder.reportAfter(store.expire(nowMs, recorder.record(change)));
    },
  } satisfies Partial<SenderStore>;
}

/** Returns a store that does what the given one does, and reports its changes of deliveries and endpoints. */
export function observeStore(store: SenderStore, observer: StoreObserver): SenderStore {
  return {
    ...store,
    ...observeTransitions(store, observer),
    async publish(event, toDelivery, position) {
      const step = await store.publish(event, toDelivery, position);
      if (step.created) {
        for (const delivery of step.deliveries) observer.onDelivery({ delivery, attempt: undefined });
      }
      return step;
    },
    async insertDelivery(rows) {
      const isInserted = await store.insertDelivery(rows);
      if (isInserted) observer.onDelivery({ delivery: rows.delivery, attempt: rows.attempt });
      return isInserted;
    },
    async insertEndpoint(endpoint, maxOfAccount) {
      observer.checkUrl(endpoint.url);
      return store.insertEndpoint(endpoint, maxOfAccount);
    },
    async updateEndpoint(id, change) {
      let before: EndpointRecord | undefined;
      const after = await store.updateEndpoint(id, (endpoint) => {
        before = endpoint;
        const changed = change(endpoint);
        if (changed.url !== endpoint.url) observer.checkUrl(changed.url);
        return changed;
      });
      if (before && after) observer.onEndpoint(before, after);
      return after;
    },
  };
}
