// How long stop() waits for the attempts in flight.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Sender } from '../../../src/sender/index.js';
import { answered, eventWithId, settle, useSenderHarness } from '../../support/sender-harness.js';
import { stores } from '../../support/sender-stores.js';

describe.each(stores)('stop() of a sender on the $name store', ({ open }) => {
  const t = useSenderHarness(open);

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Starts a sender with a request in flight. */
  async function startWithRequest(): Promise<{ sender: Sender; end: () => void }> {
    const sender = t.createSender();
    await t.createEndpoint(sender);
    let end: () => void = () => undefined;
    t.answer = () => new Promise((resolve) => (end = () => resolve(answered(200))));
    await sender.start();
    await sender.publish(eventWithId('evt_1'));
    await settle();
    return { sender, end };
  }

  it.each([
    [undefined, 20_000],
    [{ drainMs: 300 }, 300],
  ])('with %j resolves after %s ms if a request is pending for longer', async (options, drainMs) => {
    const { sender } = await startWithRequest();
    let isStopped = false;
    const stopped = sender.stop(options).then(() => (isStopped = true));
    await settle();
    vi.advanceTimersByTime(drainMs - 1);
    await settle();
    expect(isStopped).toBe(false);
    vi.advanceTimersByTime(1);
    await stopped;
  });

  it('resolves when the last request has ended, and leaves no timer that keeps the process alive', async () => {
    const { sender, end } = await startWithRequest();
    const stopped = sender.stop();
    await settle();
    end();
    await stopped;
    expect(vi.getTimerCount()).toBe(0);
  });
});
