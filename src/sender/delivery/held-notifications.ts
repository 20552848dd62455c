import type { Clock } from '../clock.js';
import type { EndpointRecord } from '../records.js';
import type { PendingHeldNotification, SenderStore } from '../stores/store.js';
import type { HeldNotice } from '../types.js';

/** The dependencies of {@link HeldNotifications}. */
export interface HeldNotificationsOptions {
  readonly store: Pick<SenderStore, 'pendingHeldNotifications' | 'updateEndpoint'>;
  readonly clock: Clock;
  /** Called about held deliveries that will soon be dropped, or that were dropped. */
  readonly onHeldExpiring: (endpoint: EndpointRecord, notice: HeldNotice) => unknown;
  readonly onError: (error: unknown) => unknown;
}

/** Notifies the owners of held deliveries. Retention does not wait for it. */
export class HeldNotifications {
  private readonly inProgress = new Set<string>();

  constructor(private readonly options: HeldNotificationsOptions) {}

  /** Begins to send each pending notification that is not in progress. One that failed is sent by the next call. */
  async sendPending(): Promise<void> {
    const { store, onError } = this.options;
    for (const pending of await store.pendingHeldNotifications()) {
      const { id, heldExpiresAtMs, heldDroppedAtMs } = pending.endpoint;
      const key = `${id} ${heldExpiresAtMs} ${heldDroppedAtMs}`;
      if (this.inProgress.has(key)) continue;
      this.inProgress.add(key);
      this.send(pending)
        .catch(onError)
        .finally(() => this.inProgress.delete(key));
    }
  }

  /** Clears the flag after the callback, so that a crash in between repeats the notification. */
  private async send({ endpoint, deliveries }: PendingHeldNotification): Promise<void> {
    const { store, clock, onHeldExpiring } = this.options;
    const { heldExpiresAtMs, heldDroppedAtMs } = endpoint;
    await onHeldExpiring(endpoint, {
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
}
