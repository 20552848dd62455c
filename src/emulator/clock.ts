import type { Clock } from '../sender/clock.js';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** The longest delay of a Node timer; a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** The machine's time in whole milliseconds since 1970. It never goes back, even if somebody sets the wall clock. */
function machineNow(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}

/** A clock that follows the machine's, can be paused, and can be moved forward. */
export class AdjustableClock implements Clock {
  private offsetMs = 0;
  private pausedAtMs: number | undefined;
  private readonly timers = new Set<Timer>();
  private cancelWait: () => void = () => undefined;

  constructor(private readonly machineTime: () => number = machineNow) {}

  now(): number {
    return this.pausedAtMs ?? this.machineTime() + this.offsetMs;
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

  /** Moves the clock forward, and runs the timers that become due, in order. A time in the past changes nothing. */
  advanceTo(timeMs: number): void {
    for (let first = this.firstTimer(); first && first.atMs <= timeMs; first = this.firstTimer()) {
      this.timers.delete(first);
      this.moveTo(first.atMs);
      first.callback();
    }
    this.moveTo(timeMs);
    this.waitForFirst();
  }

  private moveTo(timeMs: number): void {
    const byMs = timeMs - this.now();
    if (byMs <= 0) return;
    if (this.pausedAtMs === undefined) this.offsetMs += byMs;
    else this.pausedAtMs += byMs;
  }

  private firstTimer(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) if (!first || timer.atMs < first.atMs) first = timer;
    return first;
  }

  /** Waits for the first timer on the machine's clock, unless the time stands still. */
  private waitForFirst(): void {
    this.cancelWait();
    const first = this.firstTimer();
    // A timer that is due runs even while the clock is paused: no time has to pass for it.
    if (!first || (this.isPaused && first.atMs > this.now())) return;
    const wait = setTimeout(
      () => {
        this.advanceTo(this.now());
      },
      Math.min(maxTimerMs, Math.max(0, first.atMs - this.now())),
    );
    // The server keeps the process alive, not the timers.
    wait.unref();
    this.cancelWait = () => {
      clearTimeout(wait);
    };
  }
}
