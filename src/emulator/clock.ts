import type { Clock } from '../sender/clock.js';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** The options of {@link AdjustableClock}. */
export interface AdjustableClockOptions {
  /** How far the clock is ahead of the machine's at the start. @default 0 */
  readonly aheadMs?: number;
  /** Called after the clock was moved, with how far it is ahead of the machine's. */
  readonly onMove?: (aheadMs: number) => void;
  /** @default the time of `createMachineTime` */
  readonly machineTime?: () => number;
}

/** Timers of Node stand still while the machine sleeps, so the time is compared at least this often. */
const maxWaitMs = 5_000;

/**
 * Creates a function that returns the machine's time, in whole milliseconds since 1970. It follows a wall clock that is
 * set forward or was asleep, and never goes back.
 */
export function createMachineTime(
  wall: () => number = Date.now,
  monotonic: () => number = () => performance.now(),
): () => number {
  let offsetMs = wall() - monotonic();
  return () => {
    const monotonicMs = monotonic();
    offsetMs = Math.max(offsetMs, wall() - monotonicMs);
    return Math.floor(offsetMs + monotonicMs);
  };
}

/** A clock that follows the machine's, can be paused, and can be moved forward. */
export class AdjustableClock implements Clock {
  private readonly machineTime: () => number;
  private readonly onMove: (aheadMs: number) => void;
  private offsetMs: number;
  private pausedAtMs: number | undefined;
  /** The sum of all moves. */
  private movedMs = 0;
  private readonly timers = new Set<Timer>();
  private cancelWait: () => void = () => undefined;

  constructor({
    aheadMs = 0,
    onMove = () => undefined,
    machineTime = createMachineTime(),
  }: AdjustableClockOptions = {}) {
    this.machineTime = machineTime;
    this.onMove = onMove;
    this.offsetMs = aheadMs;
  }

  now(): number {
    return this.pausedAtMs ?? this.machineTime() + this.offsetMs;
  }

  /** Time without the moves: what is in flight does not expire because the clock was moved. */
  monotonic(): number {
    return this.now() - this.movedMs;
  }

  /** The wall time of the machine: receivers compare timestamps with it. */
  timestamp(): number {
    return Date.now();
  }

  get isPaused(): boolean {
    return this.pausedAtMs !== undefined;
  }

  pause(): void {
    this.pausedAtMs ??= this.now();
    this.waitForFirst();
  }

  resume(): void {
    if (this.pausedAtMs === undefined) return;
    this.offsetMs = this.pausedAtMs - this.machineTime();
    this.pausedAtMs = undefined;
    this.waitForFirst();
  }

  setTimeout(callback: () => void, delayMs: number): () => void {
    const timer = { atMs: this.now() + Math.max(0, delayMs), callback };
    this.timers.add(timer);
    this.waitForFirst();
    return () => {
      this.timers.delete(timer);
    };
  }

  /**
   * Moves the clock forward, and runs the timers that are then due, in order. They all see the new time, as after the
   * sleep of a machine. A time in the past changes nothing.
   */
  advanceTo(timeMs: number): void {
    const byMs = timeMs - this.now();
    if (byMs > 0) {
      if (this.pausedAtMs === undefined) this.offsetMs += byMs;
      else this.pausedAtMs += byMs;
      this.movedMs += byMs;
      this.onMove(Math.max(0, this.now() - this.machineTime()));
    }
    this.runDue();
  }

  private runDue(): void {
    const nowMs = this.now();
    const due = [...this.timers].filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    for (const timer of due) {
      // False if an earlier callback cancelled it.
      if (this.timers.delete(timer)) timer.callback();
    }
    this.waitForFirst();
  }

  /** Waits for the first timer on the machine's clock, unless the time stands still. */
  private waitForFirst(): void {
    this.cancelWait();
    const firstMs = Math.min(...Array.from(this.timers, ({ atMs }) => atMs));
    const delayMs = firstMs - this.now();
    // A timer that is due runs even while the clock is paused: no time has to pass for it.
    if (firstMs === Infinity || (this.isPaused && delayMs > 0)) return;
    const wait = setTimeout(
      () => {
        this.runDue();
      },
      Math.min(maxWaitMs, Math.max(0, delayMs)),
    );
    // The server keeps the process alive, not the timers.
    wait.unref();
    this.cancelWait = () => {
      clearTimeout(wait);
    };
  }
}
