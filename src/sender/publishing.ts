import { schedule } from './delivery/state-machine.js';
import { newId } from './ids.js';
import { createSerialExecutor, type SerialExecutor } from './serial-executor.js';
import type { DeliveryRecord, EventRecord } from './records.js';
import type { PublishStep, SenderStore } from './stores/store.js';
import type { Time } from './time.js';
import type { PublishResult } from './types.js';

/** A delivery that was just made. */
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

/** What {@link createPublishing} works with. */
export interface PublishingOptions {
  readonly store: Pick<SenderStore, 'publish' | 'unfinishedEvents'>;
  readonly time: Time;
  /** Called when deliveries were stored. */
  readonly onStored: () => void;
}

/** Stores events with their deliveries. */
export interface Publishing {
  /** Resolves once the event and all of its deliveries are stored. */
  publish(event: EventRecord): Promise<PublishResult>;
  /** Goes on with events whose publishing was cut short, one after the other. */
  resume(signal: AbortSignal): Promise<void>;
}

/** The events of one account that take several steps. */
interface Line {
  readonly run: SerialExecutor;
  waiting: number;
}

/**
 * An event for many endpoints is stored in steps. In all one such step is stored at a time, and the accounts that
 * have one take turns; so nobody waits for more than a step of each of them.
 */
export function createPublishing({ store, time, onStored }: PublishingOptions): Publishing {
  const inTurn = createSerialExecutor();
  /** By account, while it has events that take several steps. */
  const lines = new Map<string, Line>();

  async function storeStep(event: EventRecord, position: number): Promise<PublishStep> {
    const step = await store.publish(
      event,
      (endpoint) => {
        // The time of this step: the clock may have been set since the one before.
        const nowMs = time.now();
        return schedule(newDelivery(event, endpoint.id, 'automatic', nowMs), endpoint, nowMs);
      },
      position,
    );
    if (step.created) onStored();
    return step;
  }

  /** Others come first: a store in memory would not let them. */
  async function storeLater(event: EventRecord, position: number): Promise<PublishStep> {
    await new Promise((resolve) => setImmediate(resolve));
    return storeStep(event, position);
  }

  /** Work of an account in the order it came in. */
  async function inLine<Value>(accountId: string, work: () => Promise<Value>): Promise<Value> {
    const line = lines.get(accountId) ?? { run: createSerialExecutor(), waiting: 0 };
    lines.set(accountId, line);
    line.waiting += 1;
    try {
      return await line.run(work);
    } finally {
      line.waiting -= 1;
      if (line.waiting === 0) lines.delete(accountId);
    }
  }

  async function storeRest(event: EventRecord, first: PublishStep): Promise<readonly DeliveryRecord[]> {
    const deliveries = [...first.deliveries];
    for (let { next } = first; next !== undefined;) {
      const position = next;
      const step = await inTurn(() => storeLater(event, position));
      for (const delivery of step.deliveries) deliveries.push(delivery);
      next = step.next;
    }
    return deliveries;
  }

  async function storeAll(event: EventRecord): Promise<PublishResult> {
    const first = await inTurn(() => storeLater(event, 0));
    return { eventId: event.id, created: first.created, deliveries: await storeRest(event, first) };
  }

  return {
    async publish(event) {
      const { accountId, id } = event;
      // Behind the steps of its own account, so that these do not pile up in front of the others.
      if (lines.has(accountId)) return inLine(accountId, () => storeAll(event));
      const first = await storeStep(event, 0);
      const deliveries =
        first.next === undefined ? first.deliveries : await inLine(accountId, () => storeRest(event, first));
      return { eventId: id, created: first.created, deliveries };
    },
    async resume(signal) {
      for (const event of await store.unfinishedEvents()) {
        if (signal.aborted) return;
        await inLine(event.accountId, () => storeAll(event));
      }
    },
  };
}
