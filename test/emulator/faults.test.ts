// Each fault against a real server: exactly what arrives.
import { createHmac } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { FaultList, faultKinds } from '../../src/emulator/faults.js';
import type { FaultKind } from '../../src/emulator/index.js';
import { PreviousSecrets } from '../../src/emulator/previous-secrets.js';
import { createEmulatorTransport } from '../../src/emulator/transport.js';
import type { Transport } from '../../src/sender/index.js';
import { secret, trigger, useTarget, type Arrival } from '../support/emulator-target.js';

const sign = (body: Buffer, by: string) => `sha256=${createHmac('sha256', by).update(body).digest('hex')}`;
const isSignedBy = ({ headers, body }: Arrival, by: string) =>
  headers['x-hostwares-signature'] === sign(body, by);
const ageSeconds = ({ headers }: Arrival) => Date.now() / 1000 - Number(headers['x-hostwares-timestamp']);
const idOf = ({ body }: Arrival) => (JSON.parse(String(body)) as { id: string }).id;

describe('the list of faults', () => {
  it('is applied in the order in which kinds were added', () => {
    const faults = new FaultList();
    faults.add('stale', 2);
    faults.add('delay');
    faults.add('stale');
    expect(faults.list()).toEqual([
      { kind: 'stale', remaining: 3 },
      { kind: 'delay', remaining: 1 },
    ]);
    expect([faults.take(), faults.take(), faults.take(), faults.take(), faults.take()]).toEqual([
      'stale',
      'stale',
      'stale',
      'delay',
      undefined,
    ]);
  });

  it('is empty after clear()', () => {
    const faults = new FaultList();
    faults.add('stale');
    faults.clear();
    expect(faults.list()).toEqual([]);
  });

  it.each([0, -1, 1.5, 1_001, NaN, '2'])('rejects the count %j', (count) => {
    expect(() => {
      new FaultList().add('stale', count as number);
    }).toThrow(TypeError);
  });

  it.each(['', 'constructor', 7, undefined])('rejects the kind %j', (kind) => {
    expect(() => {
      new FaultList().add(kind as FaultKind);
    }).toThrow(/is not a kind of fault/);
  });
});

describe('a fault', () => {
  const { target, start } = useTarget();

  async function deliver(kind: FaultKind) {
    const emulator = await start();
    const { id } = await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    emulator.faults.add(kind);
    const attempt = await emulator.waitForAttempt(await trigger(emulator, 'credits.low'));
    expect(emulator.faults.list()).toEqual([]);
    return { emulator, id, attempt };
  }

  it('none: the request arrives once, signed, with the time of the machine', async () => {
    const emulator = await start();
    await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    const attempt = await emulator.waitForAttempt(await trigger(emulator, 'credits.low'));
    const [arrival] = target.arrivals;
    expect(target.arrivals).toHaveLength(1);
    expect(isSignedBy(arrival!, secret)).toBe(true);
    expect(Math.abs(ageSeconds(arrival!))).toBeLessThan(5);
    expect(attempt.result?.note).toBeUndefined();
    expect(attempt.requestHeaders).toMatchObject({
      'x-hostwares-timestamp': arrival!.headers['x-hostwares-timestamp'],
    });
  });

  it('duplicate: the same bytes arrive twice', async () => {
    const { attempt } = await deliver('duplicate');
    const [first, second] = await target.received(2);
    expect(second!.body.equals(first!.body)).toBe(true);
    expect(second!.headers['x-hostwares-signature']).toBe(first!.headers['x-hostwares-signature']);
    expect(attempt).toMatchObject({
      outcome: 'success',
      result: { note: 'sent twice; the other response: 200' },
    });
  });

  it('delay: the request arrives 3 s late', async () => {
    const startedMs = performance.now();
    const { attempt } = await deliver('delay');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(2_990);
    expect(isSignedBy(target.arrivals[0]!, secret)).toBe(true);
    expect(attempt).toMatchObject({ outcome: 'success', result: { note: 'sent 3 s late' } });
  });

  it('tamper: one bit of the body differs, and the signature is that of the original', async () => {
    const { emulator, attempt } = await deliver('tamper');
    const { event } = (await emulator.sender.getDelivery(attempt.deliveryId))!;
    const { body, headers } = target.arrivals[0]!;
    const different = [...body].filter((byte, index) => byte !== event.body[index]);
    expect([body.length, different.length]).toEqual([event.body.length, 1]);
    expect(headers['x-hostwares-signature']).toBe(sign(Buffer.from(event.body), secret));
    expect(attempt.result?.note).toMatch(/changed after signing/);
  });

  it('stale: the timestamp header is an hour old, in the log too', async () => {
    const { attempt } = await deliver('stale');
    const [arrival] = target.arrivals;
    expect(Math.abs(ageSeconds(arrival!) - 3_600)).toBeLessThan(5);
    expect(isSignedBy(arrival!, secret)).toBe(true);
    expect(attempt.requestHeaders?.['x-hostwares-timestamp']).toBe(arrival!.headers['x-hostwares-timestamp']);
    expect(attempt.result?.note).toBe('the timestamp header is an hour old');
  });

  it('truncate: half of the body arrives, and the connection is closed', async () => {
    const { emulator, attempt } = await deliver('truncate');
    const [arrival] = await target.received(1);
    const { event } = (await emulator.sender.getDelivery(attempt.deliveryId))!;
    expect(arrival!.isComplete).toBe(false);
    expect(arrival!.headers['content-length']).toBe(String(event.body.length));
    expect(arrival!.headers.host).toBe(new URL(target.url).host);
    expect(arrival!.body.equals(Buffer.from(event.body).subarray(0, event.body.length >> 1))).toBe(true);
    expect(attempt).toMatchObject({
      outcome: 'failure',
      result: {
        address: new URL(target.url).host,
        error: 'the connection was closed on purpose',
        note: 'the connection was closed in the middle of the body',
      },
    });
  });

  it('truncate: reports a refused connection', async () => {
    const emulator = await start();
    await emulator.createEndpoint({ url: 'http://127.0.0.1:1/', events: ['*'], secret });
    emulator.faults.add('truncate');
    const attempt = await emulator.waitForAttempt(await trigger(emulator, 'credits.low'));
    expect(attempt.result?.error).toMatch(/ECONNREFUSED/);
  });

  it('old-secret: is signed with a wrong secret if there was no other', async () => {
    const { attempt } = await deliver('old-secret');
    expect(isSignedBy(target.arrivals[0]!, secret)).toBe(false);
    expect(attempt.result?.note).toBe('signed with a wrong secret');
  });

  it('old-secret: is signed with the previous secret of its own endpoint', async () => {
    const emulator = await start();
    const { id } = await emulator.createEndpoint({ url: target.url, events: ['credits.low'], secret });
    const other = await emulator.createEndpoint({ url: target.url, events: ['ssl.issued'] });
    await emulator.sender.rotateSecret(id, { secret: 'whsec_the_second_secret' });
    await emulator.sender.rotateSecret(id, { secret: 'whsec_the_third_secret' });
    await emulator.sender.rotateSecret(other.id);
    emulator.faults.add('old-secret', 2);
    const attempt = await emulator.waitForAttempt(await trigger(emulator, 'credits.low'));
    expect(isSignedBy(target.arrivals[0]!, 'whsec_the_second_secret')).toBe(true);
    expect(attempt.result?.note).toBe('signed with the previous secret');
    expect(attempt.requestHeaders?.['x-hostwares-signature']).toBe(
      target.arrivals[0]!.headers['x-hostwares-signature'],
    );
    await emulator.waitForAttempt(await trigger(emulator, 'ssl.issued'));
    expect(isSignedBy(target.arrivals[1]!, other.secret!)).toBe(true);
  });

  it('reorder: the request arrives after the next one has been answered, in pairs', async () => {
    const emulator = await start();
    await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    emulator.faults.add('reorder', 2);
    const results = [];
    for (let each = 0; each < 4; each += 1) {
      results.push(
        await emulator.trigger({ id: `evt_${each}`, event: 'credits.low', data: { balance: each } }),
      );
      if (each % 2 === 1) await target.received(each + 1);
    }
    const attempts = await Promise.all(
      results.map(({ deliveries }) => emulator.waitForAttempt(deliveries[0]!.id)),
    );
    expect(target.arrivals.map(idOf)).toEqual(['evt_1', 'evt_0', 'evt_3', 'evt_2']);
    expect(attempts.map(({ result }) => result?.note)).toEqual([
      'sent after the next request',
      undefined,
      'sent after the next request',
      undefined,
    ]);
  });

  it('reorder: does not wait for a request to another URL, and no longer than 3 s', async () => {
    const emulator = await start();
    await emulator.createEndpoint({ url: target.url, events: ['credits.low'], secret });
    await emulator.createEndpoint({ url: `${target.url}/other`, events: ['ssl.issued'], secret });
    emulator.faults.add('reorder');
    const waiting = await trigger(emulator, 'credits.low');
    await emulator.waitForAttempt(await trigger(emulator, 'ssl.issued'));
    const { result } = await emulator.waitForAttempt(waiting);
    expect(result?.note).toBe('sent 3 s late: no other request ended meanwhile');
    expect(target.arrivals).toHaveLength(2);
  });

  it('is not taken by a ping, whatever an event contains', async () => {
    const emulator = await start();
    const { id } = await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    emulator.faults.add('tamper');
    expect((await emulator.sender.pingEndpoint(id)).ok).toBe(true);
    expect(emulator.faults.list()).toEqual([{ kind: 'tamper', remaining: 1 }]);
    // Variables, because the type of `data` allows no unknown fields in a literal.
    const data = { balance: 1, note: '"event":"ping"', event: 'ping' };
    const { deliveries } = await emulator.trigger({ event: 'credits.low', data });
    await emulator.waitForAttempt(deliveries[0]!.id);
    expect(emulator.faults.list()).toEqual([]);
  });

  it.each<FaultKind>(['delay', 'reorder'])(
    '%s: ends when the transport is closed, and nothing is sent',
    async (kind) => {
      const faults = new FaultList();
      const send = vi.fn<Transport['send']>();
      const transport = createEmulatorTransport({
        inner: { send, close: () => Promise.resolve() },
        faults,
        allowPrivateNetwork: false,
        previousSecrets: new PreviousSecrets(),
      });
      faults.add(kind);
      const body = new TextEncoder().encode('{"event":"credits.low"}');
      const result = transport.send({ url: target.url, headers: {}, body, timeoutMs: 1_000 });
      await transport.close();
      expect(await result).toEqual({ error: 'the emulator was stopped', timings: { totalMs: 0 } });
      expect(send).not.toHaveBeenCalled();
    },
  );

  it('has a test for each kind', () => {
    expect([...faultKinds].sort()).toEqual([
      'delay',
      'duplicate',
      'old-secret',
      'reorder',
      'stale',
      'tamper',
      'truncate',
    ]);
  });
});
