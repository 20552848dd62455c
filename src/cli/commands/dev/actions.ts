import type { Emulator } from '../../../emulator/types.js';
import { isEventType } from '../../../events/types.js';
import { suggestEvent } from '../../events.js';
import { openBrowser } from '../../open-browser.js';
import type { Style } from '../../style.js';
import { formatDetails } from './details.js';
import type { KeyActions } from './keys.js';
import type { Screen } from './screen.js';

/** The dependencies of {@link createKeyActions}. */
export interface KeyActionsOptions {
  readonly emulator: Emulator;
  readonly screen: Screen;
  readonly style: Style;
}

/** Creates what the keys do. */
export function createKeyActions({ emulator, screen, style }: KeyActionsOptions): KeyActions {
  let lastEvent = 'deployment.completed';

  /** The delivery that was made last, of those that are not pings. */
  async function lastDelivery(): Promise<string | undefined> {
    const { items } = await emulator.sender.listDeliveries({ limit: 100 });
    return items.find(({ kind }) => kind !== 'ping')?.id;
  }

  return {
    get lastEvent() {
      return lastEvent;
    },
    async trigger(name = lastEvent) {
      if (!isEventType(name)) {
        screen.line(`${name} is not an event type. ${suggestEvent(name)}`);
        return;
      }
      lastEvent = name;
      const { deliveries } = await emulator.trigger(name);
      if (deliveries.length === 0) screen.line(`No endpoint is subscribed to ${name}.`);
    },
    async redeliver() {
      const id = await lastDelivery();
      if (id === undefined) screen.line('There is nothing to redeliver yet. Press t to trigger an event.');
      else await emulator.sender.redeliver(id);
    },
    async details() {
      const id = await lastDelivery();
      const details = id === undefined ? undefined : await emulator.sender.getDelivery(id);
      screen.line(
        details ? formatDetails(details, style) : 'There is no delivery yet. Press t to trigger an event.',
      );
    },
    open() {
      openBrowser(emulator.url, () => {
        screen.line(`No browser could be started. Open ${emulator.url}`);
      });
    },
  };
}
