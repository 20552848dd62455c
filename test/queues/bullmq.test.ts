// BullMQ on the Redis of REDIS_URL or of this machine.
import { Queue, UnrecoverableError } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createReceiver } from '../../src/index.js';
import { createBullMQHandoff, createBullMQWorker } from '../../src/queues/bullmq.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';
import { hasRedis, redisUrl } from '../support/services.js';
import { describeQueue, type TestQueue } from './queue-suite.js';

const isThere = await hasRedis();
const redis = new Redis(redisUrl, {
  lazyConnect: true,
  retryStrategy: () => null,
  maxRetriesPerRequest: null,
});
redis.on('error', () => undefined);
afterAll(() => {
  redis.disconnect();
});

const prefix = 'hostwares-test';
async function open(): Promise<TestQueue & { queue: Queue; name: string }> {
  const name = crypto.randomUUID();
  const connection = redis.duplicate();
  const queue = new Queue(name, { connection, prefix, defaultJobOptions: { attempts: 3, backoff: 1 } });
  queue.on('error', () => undefined);
  const closing: (() => Promise<unknown>)[] = [];
  return {
    queue,
    name,
    handoff: createBullMQHandoff(queue),
    async work(receiver) {
      const worker = await createBullMQWorker(receiver, {
        queueName: name,
        connection: redis.duplicate(),
        prefix,
      });
      worker.on('error', () => undefined);
      closing.push(() => worker.close(true));
    },
    count: (state) => queue.getJobCountByTypes(state),
    addForeign: () => queue.add('report', { month: 11 }, { attempts: 1 }),
    failures: async () => (await queue.getFailed()).map(({ failedReason }) => failedReason),
    async cut() {
      connection.disconnect();
    },
    async close() {
      for (const close of closing) await close();
      await queue.close();
      const keys = await redis.keys(`${prefix}:${name}:*`);
      if (keys.length > 0) await redis.del(keys);
    },
  };
}

describe.skipIf(!isThere)('BullMQ', () => {
  describeQueue(open);

  it("retries a job for about as long as the platform, unless the queue's own options say otherwise", async () => {
    const name = crypto.randomUUID();
    const queue = new Queue(name, { connection: redis, prefix });
    await createBullMQHandoff(queue)(sampleEvent('site.created'));
    const [job] = await queue.getWaiting();
    expect(job!.opts).toMatchObject({ attempts: 11, backoff: { type: 'exponential', delay: 10_000 } });
    expect(job!.name).toBe('site.created');
    await queue.obliterate();
    await queue.close();
  });

  it("stops retrying when a handler throws BullMQ's UnrecoverableError", async () => {
    const test = await open();
    await test.handoff(sampleEvent('site.created'));
    let runs = 0;
    const receiver = createReceiver({ secret: 'whsec_of_the_queue_test' }).onAny(() => {
      runs += 1;
      throw new UnrecoverableError('never mind');
    });
    await test.work(receiver);
    await vi.waitFor(async () => expect(await test.count('failed')).toBe(1), 10_000);
    expect(runs).toBe(1);
    await test.close();
  });

  it('answers 500 if Redis loses the job right after it was added', async () => {
    const test = await open();
    const losing = {
      add: async (...given: Parameters<Queue['add']>) => {
        const job = await test.queue.add(...given);
        await job.remove();
        return job;
      },
    };
    const receiver = createReceiver({
      secret: 'whsec_of_the_queue_test',
      handoff: createBullMQHandoff(losing),
    });
    const thrown: unknown[] = [];
    receiver.onError((error) => thrown.push(error.cause));
    const request = await createSignedRequest('site.created', { secret: 'whsec_of_the_queue_test' });
    expect((await receiver.handle(request)).status).toBe(500);
    expect(String(thrown[0])).toMatch(/does not have the job .* noeviction/);
    await test.close();
  });

  it('passes options on to the worker, and rejects a missing queue with a TypeError', async () => {
    const test = await open();
    const receiver = createReceiver({ secret: 'whsec_of_the_queue_test' });
    const connection = redis.duplicate();
    const worker = await createBullMQWorker(receiver, {
      queueName: test.name,
      connection,
      prefix,
      concurrency: 7,
    });
    expect([worker.name, worker.opts.concurrency, worker.opts.maxStalledCount]).toEqual([test.name, 7, 10]);
    await worker.close();
    connection.disconnect();
    await test.close();
    expect(() => createBullMQHandoff(undefined as never)).toThrow(/new Queue/);
  });
});
