import { newDelivery } from './deliveries.js';
import { schedule } from './delivery/state-machine.js';
import { createKeyedExecutor, createSerialExecutor } from './serial-executor.js';
import type { DeliveryRecord, EndpointRecord, EventRecord } from './records.js';
import type { PublishStep, SenderStore } from './stores/store.js';
import type { Time } from './time.js';
import type { PublishResult } from './types.js';

/** The dependencies of {@link createPublishing}. */
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
  /** Completes the events whose publisher failed or died, one after the other, until the signal is aborted. */
  resume(signal: AbortSignal): Promise<void>;
}

/**
 * Creates the part that stores events. An event for many endpoints is stored in steps. One such step runs at a time,
 * and accounts take turns, so that an event waits for at most one step of each other account.
 */
export function createPublishing({ store, time, onStored }: PublishingOptions): Publishing {
  const runStep = createSerialExecutor();
  /** Orders the events of an account that take several steps. */
  const accounts = createKeyedExecutor();

  async function storeStep(event: EventRecord, position: number): Promise<PublishStep> {
    const toDelivery = (endpoint: EndpointRecord): DeliveryRecord => {
      // Read per step: the wall clock may have been set since the previous one.
      const nowMs = time.now();
      return schedule(newDelivery(event, endpoint.id, 'automatic', nowMs), endpoint, nowMs);
    };
    const step = await store.publish(event, toDelivery, position);
    if (step.created) onStored();
    return step;
  }

  /** Stores a step in its turn. The pause lets other work run: a memory store alone would never yield. */
  function storeInTurn(event: EventRecord, position: number): Promise<PublishStep> {
    return runStep(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return storeStep(event, position);
    });
  }

  async function storeRest(event: EventRecord, first: PublishStep): Promise<PublishResult> {
    const deliveries = [...first.deliveries];
    for (let { next } = first; next !== undefined;) {
      const step = await storeInTurn(event, next);
      for (const delivery of step.deliveries) deliveries.push(delivery);
      next = step.next;
    }
    return { eventId: event.id, created: first.created, deliveries };
  }

  async function storeAll(event: EventRecord): Promise<PublishResult> {
    return storeRest(event, await storeInTurn(event, 0));
  }

  return {
    async publish(event) {
      const { accountId } = event;
      // Waits behind its own account's steps, so that these do not pile up in front of other accounts.
      if (accounts.isBusy(accountId)) return accounts.run(accountId, () => storeAll(event));
      const first = await storeStep(event, 0);
      // Most events take one step: they are stored without a turn.
      if (first.next === undefined) {
        return { eventId: event.id, created: first.created, deliveries: first.deliveries };
      }
      return accounts.run(accountId, () => storeRest(event, first));
    },
    async resume(signal) {
      for (const event of await store.unfinishedEvents()) {
        if (signal.aborted) return;
        await accounts.run(event.accountId, () => storeAll(event));
      }
    },
  };
}
