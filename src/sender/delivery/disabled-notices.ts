import type { EndpointRecord } from '../records.js';
import type { SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';

/** A notice that failed is given again after this. */
const pauseMs = 60_000;

/** What {@link createDisabledNotices} works with. */
export interface DisabledNoticesOptions {
  readonly store: Pick<SenderStore, 'pendingDisabledNotifications' | 'updateEndpoint'>;
  readonly time: Time;
  readonly onEndpointDisabled: (endpoint: EndpointRecord) => unknown;
  readonly onError: (error: unknown) => unknown;
  readonly isRunning: () => boolean;
}

/** Notifies the owners of endpoints that were disabled. Only `stop` waits for it. */
export interface DisabledNotices {
  /** Begins with every notice that is pending and not being given already. */
  notify(): Promise<void>;
  /** The notices that are being given. */
  underWay(): readonly Promise<void>[];
}

export function createDisabledNotices(options: DisabledNoticesOptions): DisabledNotices {
  const { store, time, onError, isRunning } = options;
  /** By what they are of. */
  const notices = new Map<string, Promise<void>>();

  /** The store learns of it afterwards: a crash in between notifies again rather than never. */
  async function give(endpoint: EndpointRecord): Promise<void> {
    try {
      await options.onEndpointDisabled(endpoint);
      // Unless it was enabled, and disabled again, meanwhile: that is another notice.
      await store.updateEndpoint(endpoint.id, (current) =>
        current.disabledAtMs === endpoint.disabledAtMs
          ? { ...current, disabledNotificationPending: false }
          : current,
      );
    } catch (error) {
      onError(error);
      if (isRunning()) time.setTimeout(giveAgain, pauseMs);
    }
  }

  function giveAgain(): void {
    if (isRunning()) notify().catch(onError);
  }

  async function notify(): Promise<void> {
    for (const endpoint of await store.pendingDisabledNotifications()) {
      const notice = `${endpoint.id} ${endpoint.disabledAtMs}`;
      if (notices.has(notice)) continue;
      notices.set(
        notice,
        give(endpoint).finally(() => notices.delete(notice)),
      );
    }
  }

  return { notify, underWay: () => [...notices.values()] };
}
