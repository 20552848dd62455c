// Time travel: jumps wait for what is in flight, send what is due, and end with the emulator.
import { expect, it } from 'vitest';
import type { Emulator } from '../../src/emulator/index.js';
import { secret, trigger, useTarget } from '../support/emulator-target.js';

const { target, start } = useTarget();

async function startWithEndpoint(url = target.url): Promise<Emulator> {
  const emulator = await start();
  await emulator.createEndpoint({ url, events: ['*'], secret });
  return emulator;
}

async function attemptsOf({ sender }: Emulator, deliveryId: string): Promise<number> {
  return (await sender.getDelivery(deliveryId))!.attempts.length;
}

it('jumpToNextRetry resolves to false if nothing is scheduled, and does not move the clock', async () => {
  const emulator = await startWithEndpoint();
  const beforeMs = emulator.clock.now();
  expect(await emulator.clock.jumpToNextRetry()).toBe(false);
  expect(emulator.clock.now() - beforeMs).toBeLessThan(5_000);
  expect(await emulator.clock.nextRetryAtMs()).toBeUndefined();
});

it('jumpToNextRetry waits for the first attempt, which may be in flight, and makes the second', async () => {
  const emulator = await startWithEndpoint();
  let answer: (status: number) => void = () => undefined;
  target.status = (nth) => (nth === 1 ? new Promise<number>((resolve) => (answer = resolve)) : 200);
  const id = await trigger(emulator, 'credits.low');
  const jump = emulator.clock.jumpToNextRetry();
  await target.received(1);
  // The end of the lease is no due time.
  expect(await emulator.clock.nextRetryAtMs()).toBeUndefined();
  answer(500);
  expect(await jump).toBe(true);
  expect((await emulator.sender.getDelivery(id))!.delivery).toMatchObject({
    status: 'succeeded',
    attempts: 2,
  });
});

it('nextRetryAtMs is the due time of the next attempt', async () => {
  const emulator = await startWithEndpoint();
  target.status = () => 500;
  const attempt = await emulator.waitForAttempt(await trigger(emulator, 'credits.low'));
  expect(await emulator.clock.nextRetryAtMs()).toBe(attempt.nextAttemptAtMs);
});

it('two jumps at the same time are two attempts', async () => {
  const emulator = await startWithEndpoint();
  target.status = () => 500;
  const id = await trigger(emulator, 'credits.low');
  const { clock } = emulator;
  expect(await Promise.all([clock.jumpToNextRetry(), clock.jumpToNextRetry()])).toEqual([true, true]);
  expect(await attemptsOf(emulator, id)).toBe(3);
  await Promise.all([clock.runToEnd(), clock.runToEnd()]);
  expect(await attemptsOf(emulator, id)).toBe(6);
});

it('an attempt that is in flight does not expire when another call moves the clock', async () => {
  const emulator = await start({ retryScheduleSeconds: [86_400] });
  await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
  let answer: (status: number) => void = () => undefined;
  target.status = (nth) => (nth === 1 ? 500 : new Promise((resolve) => (answer = resolve)));
  await emulator.waitForAttempt(await trigger(emulator, 'credits.low'));
  const slow = await trigger(emulator, 'ssl.issued');
  await target.received(2);
  await emulator.sender.getDelivery(slow);
  // The sender's own call does not wait for attempts.
  const idle = emulator.sender.runUntilIdle();
  answer(200);
  expect(await emulator.waitForAttempt(slow)).toMatchObject({ outcome: 'success' });
  await target.received(3);
  answer(200);
  await idle;
});

it('while the clock is paused, what is due is sent, and a retry is not', async () => {
  const emulator = await startWithEndpoint();
  const { clock } = emulator;
  clock.pause();
  const pausedAtMs = clock.now();
  target.status = (nth) => (nth === 1 ? 500 : 200);
  const id = await trigger(emulator, 'credits.low');
  await emulator.waitForAttempt(id);
  expect(clock.isPaused && clock.now() === pausedAtMs).toBe(true);
  expect(await clock.jumpToNextRetry()).toBe(true);
  expect(clock.now()).toBe(pausedAtMs + 10_000);
  expect(await attemptsOf(emulator, id)).toBe(2);
  clock.resume();
  expect(clock.isPaused).toBe(false);
});

it('a delivery to an endpoint that was disabled meanwhile is held, and jumps pass it', async () => {
  const emulator = await startWithEndpoint();
  target.status = () => 500;
  const id = await trigger(emulator, 'credits.low');
  await emulator.waitForAttempt(id);
  const { delivery } = (await emulator.sender.getDelivery(id))!;
  await emulator.sender.disableEndpoint(delivery.endpointId);
  expect(await emulator.clock.jumpToNextRetry()).toBe(false);
  expect((await emulator.sender.getDelivery(id))!.delivery).toMatchObject({ status: 'held', attempts: 1 });
  await emulator.clock.runToEnd();
});

it('runToEnd makes all attempts of more deliveries than an endpoint may have in flight', async () => {
  const emulator = await startWithEndpoint();
  target.status = () => 500;
  const ids = [];
  for (let each = 0; each < 25; each += 1) ids.push(await trigger(emulator, 'credits.low'));
  await emulator.clock.runToEnd();
  const counts = await Promise.all(ids.map((id) => attemptsOf(emulator, id)));
  // The endpoint is disabled when the first delivery has failed; the others are held with five attempts at least.
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(5);
  expect(await emulator.clock.nextRetryAtMs()).toBeUndefined();
  expect(emulator.mailbox.list()).toHaveLength(1);
});

it('a jump waits for a delayed request', async () => {
  const emulator = await startWithEndpoint();
  emulator.faults.add('delay');
  target.status = (nth) => (nth === 1 ? 500 : 200);
  const id = await trigger(emulator, 'credits.low');
  expect(await emulator.clock.jumpToNextRetry()).toBe(true);
  expect((await emulator.sender.getDelivery(id))!.attempts.map(({ result }) => result?.note)).toEqual([
    'sent 3 s late',
    undefined,
  ]);
});

it('stop() ends jumps and waits for attempts that are pending, and later ones at once', async () => {
  const emulator = await startWithEndpoint();
  target.status = () => new Promise(() => undefined);
  const id = await trigger(emulator, 'credits.low');
  await target.received(1);
  const pending = [
    emulator.clock.jumpToNextRetry(),
    emulator.clock.runToEnd(),
    emulator.waitForAttempt(id),
  ].map((each) => expect(each).rejects.toThrow('The emulator was stopped.'));
  await emulator.stop();
  await Promise.all(pending);
  await expect(emulator.clock.jumpToNextRetry()).rejects.toThrow('The emulator was stopped.');
  await expect(emulator.waitForAttempt(id)).rejects.toThrow('The emulator was stopped.');
});

it('waitForAttempt rejects if the attempt can never be made', async () => {
  const emulator = await startWithEndpoint();
  await expect(emulator.waitForAttempt('dlv_0')).rejects.toThrow('There is no delivery with the id "dlv_0".');
  const id = await trigger(emulator, 'credits.low');
  await expect(emulator.waitForAttempt(id, 2)).rejects.toThrow(/has succeeded after 1 attempts/);
  await expect(emulator.waitForAttempt(id, 2)).rejects.toThrow(/there is no attempt 2/);
});

it('pings and events carry the time of the machine after a jump, so that a receiver accepts them', async () => {
  const emulator = await startWithEndpoint();
  target.status = () => 500;
  await trigger(emulator, 'credits.low');
  await emulator.clock.runToEnd();
  target.status = () => 200;
  const { id, ping } = await emulator.createEndpoint({ url: target.url, events: ['ssl.issued'], secret });
  const { event } = (await emulator.sender.getDelivery(ping.deliveryId))!;
  const ageOf = (timestamp: string) => Math.abs(Date.now() - Date.parse(timestamp));
  expect(
    ageOf((JSON.parse(new TextDecoder().decode(event.body)) as { timestamp: string }).timestamp),
  ).toBeLessThan(5_000);
  const { deliveries } = await emulator.trigger({ event: 'ssl.issued', data: { domain: 'a.example' } });
  const own = deliveries.find(({ endpointId }) => endpointId === id)!;
  await emulator.waitForAttempt(own.id);
  const { body, headers } = target.arrivals.at(-1)!;
  expect(ageOf((JSON.parse(String(body)) as { timestamp: string }).timestamp)).toBeLessThan(5_000);
  expect(Math.abs(Number(headers['x-hostwares-timestamp']) - Date.now() / 1000)).toBeLessThan(5);
});
