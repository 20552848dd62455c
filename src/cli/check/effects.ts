import { setTimeout as sleep } from 'node:timers/promises';
import type { Probe } from './probe.js';
import type { Timings } from './timings.js';

/** The probe's questions run in groups of this size, since each may start a process. */
const concurrency = 5;

/** The side effects of events, as the probe reports them. */
export interface Effects {
  /** An event type that has an effect. Found by the check `probe`. */
  type: string;
  count(eventId: string): Promise<number>;
  /** Counts the effects of several events. */
  countAll(eventIds: readonly string[]): Promise<number[]>;
  /** Waits until one of the events has an effect, and returns its position; -1 if none has one in time. */
  waitForAny(eventIds: readonly string[]): Promise<number>;
  /** Waits until each of the events has an effect, or as long as one may take, and returns the counts. */
  settledCounts(eventIds: readonly string[]): Promise<number[]>;
  /** Waits for the first effect and then for a possible second one, and returns the count. */
  settledCount(eventId: string): Promise<number>;
  /** Waits as long as a second effect may take. */
  quiet(): Promise<void>;
  /** Asks the probe to make the next handling fail. False if it cannot. */
  failNext(eventId: string): Promise<boolean>;
}

export function createEffects(probe: Probe, { settleMs, quietMs, pollMs }: Timings): Effects {
  async function countAll(eventIds: readonly string[]): Promise<number[]> {
    const counts: number[] = [];
    for (let start = 0; start < eventIds.length; start += concurrency) {
      const group = eventIds.slice(start, start + concurrency);
      counts.push(...(await Promise.all(group.map((eventId) => probe.count(eventId)))));
    }
    return counts;
  }

  async function waitForAny(eventIds: readonly string[]): Promise<number> {
    const deadlineMs = performance.now() + settleMs;
    for (;;) {
      const found = (await countAll(eventIds)).findIndex((count) => count > 0);
      if (found >= 0 || performance.now() >= deadlineMs) return found;
      await sleep(pollMs);
    }
  }

  async function settledCounts(eventIds: readonly string[]): Promise<number[]> {
    const deadlineMs = performance.now() + settleMs;
    for (;;) {
      const counts = await countAll(eventIds);
      if (!counts.includes(0) || performance.now() >= deadlineMs) return counts;
      await sleep(pollMs);
    }
  }

  return {
    type: 'deployment.completed',
    count: (eventId) => probe.count(eventId),
    countAll,
    waitForAny,
    settledCounts,
    async settledCount(eventId) {
      await waitForAny([eventId]);
      await sleep(quietMs);
      return probe.count(eventId);
    },
    async quiet() {
      await sleep(quietMs);
    },
    failNext: (eventId) => probe.failNext(eventId),
  };
}
