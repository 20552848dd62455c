import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PruneRule, SenderStore } from '../stores/store.js';
import { expireHeld, heldNoticeMs } from './held.js';
import { HeldNotifications, type HeldNotificationsOptions } from './held-notifications.js';

/** How long and how much is kept. Amounts are per account. */
export interface RetentionLimits {
  readonly days: number;
  readonly heldDays: number;
  readonly deliveries: number;
  readonly bytes: number;
}

/** The options of {@link createRetention}. */
export interface RetentionOptions extends HeldNotificationsOptions {
  readonly store: SenderStore;
  readonly limits: RetentionLimits;
}

/** Deletes rows beyond the limits while the sender runs, and notifies owners before held deliveries are dropped. */
export interface Retention {
  start(): void;
  stop(): Promise<void>;
}

/** Our choice. 256 MiB of each class: a thousand accounts at this limit fill 768 GiB. */
export const defaultRetention: RetentionLimits = {
  days: 30,
  heldDays: 30,
  deliveries: 100_000,
  bytes: 268_435_456,
};

/** Our choice: how long an idempotency key returns the same response. */
export const idempotencyKeyMs = 86_400_000;

const dayMs = 86_400_000;
const sweepIntervalMs = 90_000;
/** Rows per step: few, so that no step blocks the event loop for long. */
const rowsPerStep = 100;

function toPruneRule({ days, heldDays, deliveries, bytes }: RetentionLimits, nowMs: number): PruneRule {
  const heldMs = heldDays * dayMs;
  return {
    nowMs,
    endedBeforeMs: nowMs - days * dayMs,
    heldMs,
    heldNoticeMs: heldNoticeMs(heldMs),
    deliveries,
    bytes,
    keysBeforeMs: nowMs - idempotencyKeyMs,
    limit: rowsPerStep,
    expireHeld: (endpoint, dueAtMs) => expireHeld(endpoint, dueAtMs, nowMs),
  };
}

export function createRetention(options: RetentionOptions): Retention {
  const { store, clock, limits, onError } = options;
  const notifications = new HeldNotifications(options);
  let isRunning = false;
  let cancelTimer: () => void = () => undefined;
  let sweeping = Promise.resolve();

  /** Visits the whole store once. Returns how many rows were deleted. */
  async function pass(): Promise<number> {
    const rule = toPruneRule(limits, Math.floor(clock.now()));
    let forgotten = 0;
    for (let isComplete = false; isRunning && !isComplete;) {
      const step = await store.prune(rule);
      forgotten += step.forgotten;
      isComplete = step.isComplete;
      await nextTurn();
    }
    return forgotten;
  }

  async function sweep(): Promise<void> {
    try {
      while (isRunning && (await pass()) > 0);
      if (isRunning) await notifications.sendPending();
    } catch (error) {
      onError(error);
    }
    if (isRunning) cancelTimer = clock.setTimeout(startSweep, sweepIntervalMs);
  }

  function startSweep(): void {
    sweeping = sweep();
  }

  return {
    start() {
      if (isRunning) return;
      isRunning = true;
      startSweep();
    },
    async stop() {
      isRunning = false;
      cancelTimer();
      await sweeping;
    },
  };
}
