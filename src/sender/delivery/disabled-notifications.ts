import type { EndpointRecord } from '../records.js';
import type { SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';

const retryDelayMs = 60_000;

/** The dependencies of {@link DisabledNotifications}. */
export interface DisabledNotificationsOptions {
  readonly store: Pick<SenderStore, 'pendingDisabledNotifications' | 'updateEndpoint'>;
  readonly time: Time;
  readonly onEndpointDisabled: (endpoint: EndpointRecord) => unknown;
  readonly onError: (error: unknown) => unknown;
}

/** Notifies the owners of endpoints that were disabled. Deliveries do not wait for it. */
export class DisabledNotifications {
  private readonly inProgress = new Map<string, Promise<void>>();
  /** Whether a failed notification is retried. */
  private isRunning = false;

  constructor(private readonly options: DisabledNotificationsOptions) {}

  /** Sends the notifications that an earlier process left pending. */
  async start(): Promise<void> {
    this.isRunning = true;
    try {
      await this.sendPending();
    } catch (error) {
      this.isRunning = false;
      throw error;
    }
  }

  stop(): void {
    this.isRunning = false;
  }

  /** Begins to send each pending notification that is not in progress. */
  async sendPending(): Promise<void> {
    for (const endpoint of await this.options.store.pendingDisabledNotifications()) {
      // An endpoint that was enabled and disabled again has another notification.
      const key = `${endpoint.id} ${endpoint.disabledAtMs}`;
      if (this.inProgress.has(key)) continue;
      this.inProgress.set(
        key,
        this.send(endpoint).finally(() => this.inProgress.delete(key)),
      );
    }
  }

  /** The notifications in progress. They never reject. */
  current(): readonly Promise<void>[] {
    return [...this.inProgress.values()];
  }

  /** Clears the flag after the callback, so that a crash in between repeats the notification. */
  private async send(endpoint: EndpointRecord): Promise<void> {
    const { store, time, onEndpointDisabled, onError } = this.options;
    try {
      await onEndpointDisabled(endpoint);
      await store.updateEndpoint(endpoint.id, (current) =>
        current.disabledAtMs === endpoint.disabledAtMs
          ? { ...current, disabledNotificationPending: false }
          : current,
      );
    } catch (error) {
      onError(error);
      if (!this.isRunning) return;
      time.setTimeout(() => {
        if (this.isRunning) this.sendPending().catch(onError);
      }, retryDelayMs);
    }
  }
}
