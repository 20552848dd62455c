// Transports that do not end, throw, or return results that cannot be stored.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AttemptResult } from '../../src/sender/index.js';
import {
  answered,
  eventWithId,
  failedDeployment,
  settle,
  url,
  useSenderHarness,
} from '../support/sender-harness.js';
import { stores } from '../support/sender-stores.js';

describe.each(stores)('on the $name store', ({ open }) => {
  const t = useSenderHarness(open);

  beforeEach(() => {
    t.answer = () => answered(200);
  });

  describe('a transport', () => {
    it('that never ends is aborted 5 s after the deadline, as a failure of the endpoint', async () => {
      const sender = t.createSender();
      const { id } = await t.createEndpoint(sender);
      t.answer = () => new Promise(() => undefined);
      await sender.start();
      const { deliveries } = await sender.publish(eventWithId('evt_1'));
      await settle();
      t.clock.advance(19_999);
      await settle();
      const outcome = async () => (await sender.getDelivery(deliveries[0]!.id))!.attempts[0]!;
      expect((await outcome()).outcome).toBe('pending');
      t.clock.advance(1);
      await settle();
      expect(await outcome()).toMatchObject({
        outcome: 'failure',
        result: { error: 'timeout: the transport did not end within 20 s', timings: { totalMs: 20_000 } },
      });
      expect((await sender.getEndpoint(id))!.lastError).toMatch(/^timeout/);
      await sender.stop({ drainMs: 0 });
    });

    it('that never ends is aborted for each attempt after its own deadline', async () => {
      const sender = t.createSender();
      await t.createEndpoint(sender);
      t.answer = () => new Promise(() => undefined);
      await sender.start();
      const publishAfter = async (ms: number) => {
        t.clock.advance(ms);
        const { deliveries } = await sender.publish(eventWithId(`evt_${ms}`));
        await settle();
        return deliveries[0]!.id;
      };
      const ids = [await publishAfter(0), await publishAfter(500)];
      const outcomesAfter = async (ms: number) => {
        t.clock.advance(ms);
        await settle();
        const details = await Promise.all(ids.map((id) => sender.getDelivery(id)));
        return details.map((each) => each!.attempts[0]!.outcome);
      };
      expect(await outcomesAfter(19_500)).toEqual(['failure', 'pending']);
      expect(await outcomesAfter(499)).toEqual(['failure', 'pending']);
      expect(await outcomesAfter(1)).toEqual(['failure', 'failure']);
      await sender.stop();
    });

    it.each([
      ['returns nothing', undefined],
      ['returns a header that is not text', { ...answered(200), responseHeaders: { a: 1n } }],
      ['returns a status that is not a whole number', { ...answered(200), status: 200.5 }],
      ['returns no timings', { status: 200 }],
      ['returns a timing that is not a number', { status: 200, timings: { totalMs: Number.NaN } }],
      [
        'returns a getter that throws',
        {
          ...answered(200),
          get error() {
            throw new Error('odd');
          },
        },
      ],
      ['throws', new Error('bug')],
    ])('that %s fails only that delivery, and the endpoint is not blamed', async (_, given) => {
      const sender = t.createSender();
      for (let each = 0; each < 5; each += 1) await t.createEndpoint(sender, { url: `${url}/${each}` });
      const { id } = await t.createEndpoint(sender, { url: `${url}/odd` });
      t.answer = ({ url: to }) => {
        if (!to.endsWith('/odd')) return answered(200);
        if (given instanceof Error) throw given;
        return given as AttemptResult;
      };
      await sender.start();
      const { deliveries } = await sender.publish(eventWithId('evt_1'));
      await settle();
      const all = await Promise.all(deliveries.map((each) => sender.getDelivery(each.id)));
      expect(all.map((each) => each!.attempts[0]!.outcome).sort()).toEqual(
        ['failure', 'success', 'success', 'success', 'success', 'success'].sort(),
      );
      const failed = all.find((each) => each!.delivery.endpointId === id)!;
      expect(failed.attempts[0]!.result).toEqual({
        error: expect.stringMatching(
          /^the transport (failed|returned a result that cannot be stored)$/,
        ) as string,
        timings: { totalMs: 0 },
      });
      expect(failed.delivery.status).toBe('scheduled');
      expect(await sender.getEndpoint(id)).toMatchObject({ failingSinceMs: null, lastError: null });
      expect(t.onError).toHaveBeenCalledTimes(1);
      await sender.stop();
    });

    it('whose result the store rejects fails only that delivery', async () => {
      const sender = t.createSender();
      for (let each = 0; each < 5; each += 1) await t.createEndpoint(sender, { url: `${url}/${each}` });
      await sender.start();
      const settleAll = t.store.settle.bind(t.store);
      let rejectedId: string | undefined;
      t.store.settle = async (settlements) => {
        rejectedId ??= settlements[0]!.deliveryId;
        if (settlements.some(({ deliveryId }) => deliveryId === rejectedId))
          throw new Error('cannot be stored');
        return settleAll(settlements);
      };
      const { deliveries } = await sender.publish(eventWithId('evt_1'));
      await settle();
      const all = await Promise.all(deliveries.map((each) => sender.getDelivery(each.id)));
      expect(all.filter((each) => each!.delivery.status === 'succeeded')).toHaveLength(4);
      expect(t.onError).toHaveBeenCalledExactlyOnceWith(new Error('cannot be stored'));
      await sender.stop({ drainMs: 0 });
    });

    it('that throws does not stop the sender, even if onError rejects too', async () => {
      const warnings: Error[] = [];
      const listen = (warning: Error) => warnings.push(warning);
      process.on('warning', listen);
      let broken = true;
      const sender = t.createSender({
        maxInFlight: 1,
        onError: () => Promise.reject(new Error('onError is broken too')),
        transport: {
          send: async () => {
            if (broken) throw new Error('bug');
            t.sent.push({ at: 0, request: {} as never, body: {} as never });
            return answered(200);
          },
          close: async () => undefined,
        },
      });
      await t.createEndpoint(sender);
      await sender.start();
      await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(warnings.length).toBeGreaterThanOrEqual(2));
      broken = false;
      await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(t.sent).toHaveLength(1));
      await sender.stop();
      process.off('warning', listen);
      expect(warnings.every(({ message }) => message === 'onError is broken too')).toBe(true);
    });
  });
});
