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
    await Promise.all(Array.from({ length: 500 }, () => emulator.trigger('credits.low')));
  }
  await delivered;
}

it(
  'a client of the feed that does not read 10,000 deliveries is disconnected',
  { timeout: 120_000 },
  async () => {
    const emulator = await start();
    await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    const response = await fetch(`${emulator.url}/emulator/feed`);
    const changes = { scheduled: 0, attempting: 0, succeeded: 0 };
    const failures: unknown[] = [];
    emulator.onDelivery(({ delivery, attempt }) => {
      if (attempt?.outcome === 'failure') failures.push(attempt.result);
      if (delivery.kind === 'automatic') changes[delivery.status as keyof typeof changes] += 1;
    });
    await deliverMany(emulator);
    expect(failures).toEqual([]);
    expect(changes).toEqual({ scheduled: count, attempting: count, succeeded: count });
    expect(target.arrivals).toHaveLength(count);
    // The response ends, because the client was too far behind.
    const text = await response.text();
    expect(text.match(/^event: delivery$/gm)?.length ?? 0).toBeLessThan(3 * count);
    // Nothing counts as in flight or due any more.
    expect(await emulator.clock.jumpToNextRetry()).toBe(false);
  },
);
