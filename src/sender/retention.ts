import type { Clock } from './clock.js';
import type { SenderStore } from './stores/contract.js';

/** What {@link createRetention} works with. */
export interface RetentionOptions {
  readonly store: SenderStore;
  readonly clock: Clock;
  readonly days: number;
  readonly deliveries: number;
  readonly onError: (error: unknown) => unknown;
}

/** Forgets what is older than it has to be, and what is more, while the sender runs. */
export interface Retention {
  start(): void;
  stop(): Promise<void>;
}

const dayMs = 86_400_000;
const intervalMs = 90_000;
/** Small, so that no delivery waits long for it. */
const batchSize = 500;

export function createRetention(options: RetentionOptions): Retention {
  const { store, clock, days, deliveries, onError } = options;
  let running = false;
  let cancelTimer: () => void = () => undefined;
  let sweeping = Promise.resolve();

  async function sweep(): Promise<void> {
    const rule = { beforeMs: clock.now() - days * dayMs, keep: deliveries, limit: batchSize };
    try {
      while (running && (await store.prune(rule)) > 0);
    } catch (error) {
      onError(error);
    }
    if (running) cancelTimer = clock.setTimeout(sweepNow, intervalMs);
  }

  function sweepNow(): void {
    sweeping = sweep();
  }

  return {
    start() {
      if (running) return;
      running = true;
      sweepNow();
    },
    async stop() {
      running = false;
      cancelTimer();
      await sweeping;
    },
  };
}
