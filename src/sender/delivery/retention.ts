import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import { expireHeld, heldNoticeMs } from './held.js';
import type { EndpointRecord } from '../records.js';
import type { PendingHeldNotification, PruneRule, SenderStore } from '../stores/store.js';
import type { HeldNotice } from '../types.js';

/** How long and how much is kept. Amounts are per account. */
export interface RetentionLimits {
  readonly days: number;
  readonly heldDays: number;
  readonly deliveries: number;
  readonly bytes: number;
}

/** What {@link createRetention} works with. */
export interface RetentionOptions {
  readonly store: SenderStore;
  readonly clock: Clock;
  readonly limits: RetentionLimits;
  /** Notified about held deliveries that are near their end, or were dropped. */
  readonly onHeldExpiring: (endpoint: EndpointRecord, notice: HeldNotice) => unknown;
  readonly onError: (error: unknown) => unknown;
}

/** Forgets what is too old or too much while the sender runs, and notifies owners before held deliveries go. */
export interface Retention {
  start(): void;
  stop(): Promise<void>;
}

/** Ours. 256 MiB of each class: a thousand accounts that all reach it fill 768 GiB. */
export const defaultRetention: RetentionLimits = {
  days: 30,
  heldDays: 30,
  deliveries: 100_000,
  bytes: 268_435_456,
};

/** Ours: how long a response is given again to the same idempotency key. */
export const idempotencyKeyMs = 86_400_000;

const dayMs = 86_400_000;
const intervalMs = 90_000;
/** Small, so that no step keeps the event loop from others for long. */
const batchSize = 100;

export function createRetention(options: RetentionOptions): Retention {
  const { store, clock, limits, onError } = options;
  let running = false;
  let cancelTimer: () => void = () => undefined;
  let sweeping = Promise.resolve();
  /** Notices under way, by endpoint and content. */
  const notifying = new Set<string>();

  function ruleAt(nowMs: number): PruneRule {
    const heldMs = limits.heldDays * dayMs;
    return {
      nowMs,
      endedBeforeMs: nowMs - limits.days * dayMs,
      heldMs,
      heldNoticeMs: heldNoticeMs(heldMs),
      deliveries: limits.deliveries,
      bytes: limits.bytes,
      keysBeforeMs: nowMs - idempotencyKeyMs,
      limit: batchSize,
      expireHeld: (endpoint, dueAtMs) => expireHeld(endpoint, dueAtMs, nowMs),
    };
  }

  /** Goes through the whole store once; returns how many rows were forgotten. */
  async function pass(): Promise<number> {
    const rule = ruleAt(Math.floor(clock.now()));
    let forgotten = 0;
    for (let isComplete = false; running && !isComplete;) {
      const step = await store.prune(rule);
      forgotten += step.forgotten;
      isComplete = step.isComplete;
      await nextTurn();
    }
    return forgotten;
  }

  async function sweep(): Promise<void> {
    try {
      while (running && (await pass()) > 0);
      if (running) await notifyOwners();
    } catch (error) {
      onError(error);
    }
    if (running) cancelTimer = clock.setTimeout(startSweep, intervalMs);
  }

  function startSweep(): void {
    sweeping = sweep();
  }

  /** Nothing waits for a callback. One that fails is called again by the next sweep. */
  async function notifyOwners(): Promise<void> {
    for (const notice of await store.pendingHeldNotifications()) {
      const { id, heldExpiresAtMs, heldDroppedAtMs } = notice.endpoint;
      const key = `${id} ${heldExpiresAtMs} ${heldDroppedAtMs}`;
      if (notifying.has(key)) continue;
      notifying.add(key);
      notify(notice)
        .catch(onError)
        .finally(() => notifying.delete(key));
    }
  }

  /** Records that the owner knows after the callback, so that a crash in between repeats the notice. */
  async function notify({ endpoint, deliveries }: PendingHeldNotification): Promise<void> {
    const { heldExpiresAtMs, heldDroppedAtMs } = endpoint;
    await options.onHeldExpiring(endpoint, {
      state: heldDroppedAtMs === null ? 'expiring' : 'dropped',
      fromMs: heldDroppedAtMs ?? heldExpiresAtMs ?? clock.now(),
      deliveries,
    });
    await store.updateEndpoint(endpoint.id, (current) =>
      current.heldExpiresAtMs === heldExpiresAtMs && current.heldDroppedAtMs === heldDroppedAtMs
        ? { ...current, heldNotificationPending: false }
        : current,
    );
  }

  return {
    start() {
      if (running) return;
      running = true;
      startSweep();
    },
    async stop() {
      running = false;
      cancelTimer();
      await sweeping;
    },
  };
}
