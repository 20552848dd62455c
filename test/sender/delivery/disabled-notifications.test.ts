// When the owner of a disabled endpoint is notified, and when a notification that failed is repeated.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Sender } from '../../../src/sender/index.js';
import { answered, eventWithId, settle, useSenderHarness } from '../../support/sender-harness.js';
import { stores } from '../../support/sender-stores.js';

describe.each(stores)('onEndpointDisabled on the $name store', ({ open }) => {
  const t = useSenderHarness(open);
  const mailError = new Error('mail server down');
  let sender: Sender;
  let endpointId: string;

  beforeEach(async () => {
    sender = t.createSender({ retryScheduleSeconds: [] });
    endpointId = (await t.createEndpoint(sender)).id;
  });

  /** Publishes an event whose only attempt fails. */
  async function disable(id: string): Promise<void> {
    t.clock.advance(1);
    await sender.publish(eventWithId(id));
    await settle();
  }
  async function advance(seconds: number): Promise<void> {
    t.clock.advance(seconds * 1_000);
    await settle();
  }
  const calls = () => t.onEndpointDisabled.mock.calls.length;

  it('is not called again at the next start once it has resolved', async () => {
    await sender.start();
    await disable('evt_1');
    await sender.stop();
    await sender.start();
    await settle();
    await sender.stop();
    expect(calls()).toBe(1);
  });

  it('is not called again before a minute has passed if another attempt fails or start() is called', async () => {
    const ends: (() => void)[] = [];
    t.answer = () => new Promise((resolve) => ends.push(() => resolve(answered(500))));
    t.onEndpointDisabled.mockRejectedValueOnce(mailError);
    await sender.start();
    await disable('evt_1');
    await disable('evt_2');
    ends[0]!();
    await settle();
    expect(t.onError).toHaveBeenCalledExactlyOnceWith(mailError);
    ends[1]!();
    await settle();
    await sender.start();
    await settle();
    expect(calls()).toBe(1);
    await advance(60);
    expect(calls()).toBe(2);
    await sender.stop();
  });

  it('that rejected is not called again while the sender is stopped', async () => {
    t.onEndpointDisabled.mockRejectedValueOnce(mailError);
    await sender.start();
    await disable('evt_1');
    await sender.stop();
    await advance(60);
    expect(calls()).toBe(1);
  });

  it('that rejected is not called again by a timer after a start() that failed', async () => {
    const pending = vi.spyOn(t.store, 'pendingDisabledNotifications');
    pending.mockRejectedValueOnce(new Error('disk full'));
    await expect(sender.start()).rejects.toThrow('disk full');
    t.onEndpointDisabled.mockRejectedValueOnce(mailError);
    await sender.publish(eventWithId('evt_1'));
    await sender.runUntilIdle();
    await advance(60);
    expect(calls()).toBe(1);
  });

  it('that rejected after stop() sets no timer', async () => {
    let fail: () => void = () => undefined;
    t.onEndpointDisabled.mockImplementationOnce(
      () => new Promise((_, reject) => (fail = () => reject(mailError))),
    );
    await sender.start();
    await disable('evt_1');
    await sender.stop({ drainMs: 0 });
    const setTimer = vi.spyOn(t.clock, 'setTimeout');
    fail();
    await settle();
    expect(t.onError).toHaveBeenCalledExactlyOnceWith(mailError);
    expect(setTimer).not.toHaveBeenCalled();
  });

  it('reports an error of the store when it is about to be repeated', async () => {
    t.onEndpointDisabled.mockRejectedValueOnce(mailError);
    await sender.start();
    await disable('evt_1');
    vi.spyOn(t.store, 'pendingDisabledNotifications').mockRejectedValueOnce(new Error('disk full'));
    await advance(60);
    expect(t.onError.mock.calls).toEqual([[mailError], [new Error('disk full')]]);
    await sender.stop();
  });

  it('of an earlier disabling that resolves late does not acknowledge a later one', async () => {
    let finish: () => void = () => undefined;
    t.onEndpointDisabled.mockImplementationOnce(() => new Promise<void>((resolve) => (finish = resolve)));
    await sender.start();
    await disable('evt_1');
    await sender.enableEndpoint(endpointId);
    t.onEndpointDisabled.mockRejectedValueOnce(mailError);
    await disable('evt_2');
    expect(calls()).toBe(2);
    finish();
    await settle();
    await advance(60);
    expect(calls()).toBe(3);
    await sender.stop();
  });

  it('delays runUntilIdle until it has resolved', async () => {
    let finish: () => void = () => undefined;
    t.onEndpointDisabled.mockImplementationOnce(() => new Promise<void>((resolve) => (finish = resolve)));
    await sender.publish(eventWithId('evt_1'));
    let isIdle = false;
    const idle = sender.runUntilIdle().then(() => (isIdle = true));
    await settle();
    expect([calls(), isIdle]).toEqual([1, false]);
    finish();
    await idle;
  });
});
