// Many deliveries with live listeners: nothing is kept for a delivery that has ended.
import { expect, it } from 'vitest';
import type { Emulator } from '../../src/emulator/index.js';
import { secret, useTarget } from '../support/emulator-target.js';

const { target, start } = useTarget();
const count = 10_000;

/** Triggers events in groups, and resolves when all of them were delivered. */
async function deliverMany(emulator: Emulator): Promise<void> {
  let left = count;
  const delivered = new Promise<void>((resolve) => {
    emulator.onDelivery(({ delivery }) => {
      if (delivery.status === 'succeeded' && delivery.kind === 'automatic' && (left -= 1) === 0) resolve();
    });
  });
  for (let sent = 0; sent < count; sent += 500) {
    const group = Array.from({ length: 500 }, () => emulator.trigger('credits.low'));
    await Promise.all(group);
  }
  await delivered;
}

it(
  'delivers 10,000 events with live listeners, in bounded memory of the feed',
  { timeout: 120_000 },
  async () => {
    const emulator = await start();
    for (let each = 0; each < 4; each += 1)
      await emulator.createEndpoint({ url: target.url, events: each === 0 ? ['*'] : ['ssl.issued'], secret });
    // A client that does not read: it is disconnected instead of being waited for.
    const response = await fetch(`${emulator.url}/emulator/feed`);
    const changes = { scheduled: 0, attempting: 0, succeeded: 0 };
    const remove = emulator.onDelivery(({ delivery, attempt }) => {
      if (delivery.kind === 'ping') return;
      changes[delivery.status as keyof typeof changes] += 1;
      expect(attempt === undefined).toBe(delivery.status === 'scheduled');
    });
    await deliverMany(emulator);
    expect(changes).toEqual({ scheduled: count, attempting: count, succeeded: count });
    expect(target.arrivals).toHaveLength(count);
    // Ends, because the client was too far behind.
    const text = await response.text();
    expect(text.match(/^event: delivery$/gm)?.length ?? 0).toBeLessThan(3 * count);
    remove();
    expect(await emulator.clock.jumpToNextRetry()).toBe(false);
    const page = await emulator.sender.listDeliveries({ limit: 100 });
    expect(page.items).toHaveLength(100);
  },
);
