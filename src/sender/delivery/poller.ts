import type { Time } from '../time.js';
import type { Alarm } from './alarm.js';
import type { Claims } from './claims.js';
import type { Leases } from './leases.js';
import type { Rebase } from './rebase.js';

/** The dependencies of {@link Poller}. */
export interface PollerOptions {
  readonly time: Time;
  readonly alarm: Alarm;
  readonly rebase: Rebase;
  readonly leases: Leases;
  readonly claims: Claims;
  readonly onError: (error: unknown) => unknown;
}

/** A store that failed is polled again after this. */
const errorPauseMs = 1_000;
/** The store is polled at least this often, whatever the timers say. Checked every five seconds. */
const maxPollPauseMs = 25_000;

/** The claim loop: polls the store whenever something may be due, one poll at a time. */
export class Poller {
  private running = false;
  private polling: Promise<void> | undefined;
  /** Set by a request for another poll while one is under way. */
  private isPollRequested = false;
  /** The time of the last poll, by the monotonic clock. */
  private polledAtMs = 0;
  private stopWatching: () => void = () => undefined;

  constructor(private readonly options: PollerOptions) {}

  get isRunning(): boolean {
    return this.running;
  }

  start(): void {
    const { time, alarm } = this.options;
    this.running = true;
    alarm.enable();
    this.stopWatching = time.watch(() => {
      this.checkClock();
    });
    this.requestPoll();
  }

  /** Resolves when the current poll has ended; no other follows. */
  async stop(): Promise<void> {
    this.running = false;
    this.stopWatching();
    this.options.alarm.disable();
    await this.polling;
  }

  /** Polls now, or again after the current poll. Does nothing unless started. */
  requestPoll(): void {
    if (!this.running) return;
    this.isPollRequested = true;
    this.polling ??= this.poll().finally(() => {
      this.polling = undefined;
      if (this.isPollRequested) this.requestPoll();
    });
  }

  private async poll(): Promise<void> {
    const { time, alarm, onError } = this.options;
    this.isPollRequested = false;
    this.polledAtMs = time.monotonic();
    try {
      await this.rebaseIfSetBack();
      await this.claimDue();
    } catch (error) {
      onError(error);
      alarm.retryBy(time.now() + errorPauseMs);
    }
  }

  private async rebaseIfSetBack(): Promise<void> {
    const { alarm, rebase } = this.options;
    if (!rebase.isPending()) return;
    alarm.clear();
    await rebase.run();
  }

  private async claimDue(): Promise<void> {
    const { time, alarm, leases, claims } = this.options;
    // All steps use one time, so that `findNext` finds a delivery that becomes due between them.
    const nowMs = time.now();
    await leases.expire(nowMs);
    const { claimed, processed } = await claims.claimDue(nowMs, () => this.running);
    // Held and cancelled deliveries used up a part of the claim, so others are still due.
    if (processed > claimed) this.isPollRequested = true;
    await alarm.findNext(nowMs);
  }

  /** Timers do not follow the wall clock: after a step, something may be due that no timer knows of. */
  private checkClock(): void {
    const { time, alarm } = this.options;
    const isAlarmPast = alarm.isPast(time.now());
    const isOverdue = time.monotonic() - this.polledAtMs >= maxPollPauseMs;
    if (time.setBackMs > 0 || isAlarmPast || isOverdue) this.requestPoll();
  }
}
