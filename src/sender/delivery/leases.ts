import type { SenderStore } from '../stores/store.js';
import type { Alarm } from './alarm.js';
import type { Attempts } from './attempts.js';
import { giveUp, type DeliveryRules } from './state-machine.js';

/** The dependencies of {@link Leases}. */
export interface LeasesOptions {
  readonly store: Pick<SenderStore, 'expire'>;
  readonly attempts: Pick<Attempts, 'isActive'>;
  readonly alarm: Pick<Alarm, 'ringBy'>;
  readonly rules: DeliveryRules;
}

/** Gives up attempts whose process died: their leases expire. */
export class Leases {
  constructor(private readonly options: LeasesOptions) {}

  /** Gives up attempts whose lease has expired. */
  async expire(nowMs: number): Promise<void> {
    await this.expireUntil(nowMs, nowMs);
  }

  /** Gives up all attempts. Only at the start of an exclusive store, whose former processes are dead. */
  async expireAll(nowMs: number): Promise<void> {
    await this.expireUntil(Number.POSITIVE_INFINITY, nowMs);
  }

  private async expireUntil(untilMs: number, nowMs: number): Promise<void> {
    const { store, attempts, alarm, rules } = this.options;
    await store.expire(untilMs, (rows) => {
      // An attempt of this process ends by a timer, even if the clock was set forward past its lease.
      if (attempts.isActive(rows.delivery.token ?? '')) return undefined;
      const change = giveUp(rows, nowMs, rules);
      if (change?.delivery.dueAtMs != null) alarm.ringBy(change.delivery.dueAtMs);
      return change;
    });
  }
}
