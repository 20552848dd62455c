// Notifications about held deliveries while the sender runs: one at a time for each date, repeated until one succeeds.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { HeldNotice, Sender } from '../../../src/sender/index.js';
import { eventWithId, settle, url, useSenderHarness } from '../../support/sender-harness.js';
import { stores } from '../../support/sender-stores.js';

const dayMs = 86_400_000;
const sweepMs = 90_000;

describe.each(stores)('onHeldExpiring on the $name store', ({ open }) => {
  const t = useSenderHarness(open);
  const onHeldExpiring = vi.fn<(endpoint: object, notice: HeldNotice) => unknown>();
  const states = () => onHeldExpiring.mock.calls.map(([, { state }]) => state);
  let sender: Sender;

  async function advance(ms: number): Promise<void> {
    t.clock.advance(ms);
    await settle();
  }
  /** Holds a delivery for each endpoint and starts the sender a week before they are dropped. */
  async function startAtNotice(endpoints = 1): Promise<void> {
    for (let each = 0; each < endpoints; each += 1) {
      const { id } = await t.createEndpoint(sender, { url: `${url}/${each}` });
      await sender.disableEndpoint(id);
    }
    await sender.publish(eventWithId('evt_1'));
    await advance(23 * dayMs);
    await sender.start();
    await settle();
  }

  beforeEach(() => {
    onHeldExpiring.mockReset();
    sender = t.createSender({ onHeldExpiring });
  });

  it('is called again by the next sweep if it rejected, and not after it has resolved', async () => {
    onHeldExpiring.mockRejectedValueOnce(new Error('mail server down'));
    await startAtNotice();
    expect(t.onError).toHaveBeenCalledExactlyOnceWith(new Error('mail server down'));
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await advance(sweepMs);
    expect(states()).toEqual(['expiring', 'expiring']);
    await sender.stop();
  });

  it('is not called again about the same drop while it is pending', async () => {
    onHeldExpiring.mockReturnValueOnce(new Promise(() => undefined));
    await startAtNotice();
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await advance(sweepMs);
    expect(states()).toEqual(['expiring']);
    await sender.stop();
  });

  it('is called about each endpoint, although a call about another one is pending', async () => {
    onHeldExpiring.mockReturnValue(new Promise(() => undefined));
    await startAtNotice(2);
    expect(new Set(onHeldExpiring.mock.calls.map(([endpoint]) => (endpoint as { id: string }).id)).size).toBe(
      2,
    );
    await sender.stop();
  });

  it('about the drop to come that resolves after the drop does not acknowledge the drop', async () => {
    let finish: () => void = () => undefined;
    onHeldExpiring.mockReturnValueOnce(new Promise<void>((resolve) => (finish = resolve)));
    await startAtNotice();
    onHeldExpiring.mockRejectedValueOnce(new Error('mail server down'));
    await advance(7 * dayMs - sweepMs);
    await advance(sweepMs);
    expect(states()).toEqual(['expiring', 'dropped']);
    finish();
    await settle();
    await advance(sweepMs);
    expect(states()).toEqual(['expiring', 'dropped', 'dropped']);
    expect(onHeldExpiring.mock.lastCall![1].fromMs).toBe(t.startedMs + 30 * dayMs);
    await sender.stop();
  });

  it('is not called after stop(), even if a sweep is under way', async () => {
    let resume: () => void = () => undefined;
    const prune = t.store.prune.bind(t.store);
    t.store.prune = async (rule) => {
      await new Promise<void>((resolve) => (resume = resolve));
      return prune(rule);
    };
    await startAtNotice();
    const stopped = sender.stop();
    resume();
    await stopped;
    expect(onHeldExpiring).not.toHaveBeenCalled();
  });
});

describe.each(stores)('sweeps on the $name store', ({ open }) => {
  const t = useSenderHarness(open);

  it('continue every 90 s after the store failed, and the error is reported', async () => {
    const prune = vi.spyOn(t.store, 'prune').mockRejectedValueOnce(new Error('disk full'));
    const sender = t.createSender();
    await sender.start();
    await settle();
    expect(t.onError).toHaveBeenCalledExactlyOnceWith(new Error('disk full'));
    expect(prune).toHaveBeenCalledTimes(1);
    t.clock.advance(sweepMs - 1);
    await settle();
    expect(prune).toHaveBeenCalledTimes(1);
    t.clock.advance(1);
    await settle();
    expect(prune).toHaveBeenCalledTimes(2);
    await sender.stop();
  });

  it('take steps until nothing is left, one sweep at a time although start() is called twice', async () => {
    const step = vi.spyOn(t.store, 'prune');
    step.mockResolvedValueOnce({ forgotten: 3, isComplete: false });
    step.mockResolvedValueOnce({ forgotten: 0, isComplete: true });
    step.mockResolvedValueOnce({ forgotten: 0, isComplete: true });
    const sender = t.createSender();
    await sender.start();
    await sender.start();
    await settle();
    expect(step).toHaveBeenCalledTimes(3);
    expect(step.mock.calls[0]![0]).toMatchObject({
      nowMs: t.startedMs,
      endedBeforeMs: t.startedMs - 30 * dayMs,
      heldMs: 30 * dayMs,
      heldNoticeMs: 7 * dayMs,
      deliveries: 100_000,
      bytes: 268_435_456,
      keysBeforeMs: t.startedMs - dayMs,
      limit: 100,
    });
    await sender.stop();
  });

  it('end with the step under way when the sender is stopped', async () => {
    let resume: () => void = () => undefined;
    const step = vi.spyOn(t.store, 'prune').mockImplementation(async () => {
      await new Promise<void>((resolve) => (resume = resolve));
      return { forgotten: 1, isComplete: false };
    });
    const sender = t.createSender();
    await sender.start();
    await settle();
    const stopped = sender.stop();
    const setTimer = vi.spyOn(t.clock, 'setTimeout');
    resume();
    await stopped;
    t.clock.advance(sweepMs);
    await settle();
    expect(step).toHaveBeenCalledTimes(1);
    expect(setTimer).not.toHaveBeenCalled();
  });
});
