// The suite that the hand-off and the worker of every queue must pass.
import { afterEach, expect, it, vi } from 'vitest';
import { createReceiver, type AnyReceiver, type Receiver, type WebhookEvent } from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_of_the_queue_test';

/** An empty queue on which a job has three attempts without a delay. */
export interface TestQueue {
  readonly handoff: (event: WebhookEvent) => Promise<void>;
  work(receiver: Pick<AnyReceiver, 'dispatch'>): Promise<unknown>;
  /** Counts the jobs in a state. */
  count(state: 'waiting' | 'completed' | 'failed'): Promise<number>;
  /** Adds a job that the hand-off did not create. */
  addForeign(): Promise<unknown>;
  /** Returns the reasons of failed jobs. */
  failures(): Promise<string[]>;
  /** Disconnects the queue from its server permanently. */
  cut(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Registers the tests of a queue within the caller's `describe`. */
export function describeQueue(open: () => Promise<TestQueue>): void {
  const closing: TestQueue[] = [];
  const openQueue = async () => {
    const queue = await open();
    closing.push(queue);
    return queue;
  };
  afterEach(async () => {
    for (const queue of closing.splice(0)) await queue.close();
  });

  const front = ({ handoff }: TestQueue) => createReceiver({ secret, handoff });
  const deliver = async (receiver: Receiver, event: WebhookEvent) =>
    (await receiver.handle(await createSignedRequest(event, { secret }))).status;
  const eventually = <Value>(check: () => Value) => vi.waitFor(check, { timeout: 15_000, interval: 50 });

  it('stores the event before the response, and passes it to handlers typed and complete', async () => {
    const queue = await openQueue();
    const event = sampleEvent('deployment.failed');
    expect(await deliver(front(queue), event)).toBe(200);
    expect(await queue.count('waiting')).toBe(1);

    const seen: unknown[] = [];
    const worker = createReceiver({ secret }).on('deployment.failed', (given, context) => {
      const { attempt, isDuplicateDelivery, adapterContext, signal } = context;
      seen.push(
        given,
        attempt,
        isDuplicateDelivery,
        (adapterContext as { data: object }).data,
        signal.aborted,
      );
    });
    await queue.work(worker);
    await eventually(() => expect(seen).toEqual([event, 1, false, { event: JSON.stringify(event) }, false]));
    await eventually(async () => expect(await queue.count('completed')).toBe(1));
  });

  it('queues an event once, also when it is redelivered after its completion', async () => {
    const queue = await openQueue();
    const event = sampleEvent('site.created');
    const receivers = [front(queue), front(queue), front(queue)];
    const statuses = await Promise.all(
      Array.from({ length: 60 }, (_, each) => deliver(receivers[each % 3]!, event)),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await queue.count('waiting')).toBe(1);

    let runs = 0;
    await queue.work(createReceiver({ secret }).onAny(() => (runs += 1)));
    await eventually(async () => expect(await queue.count('completed')).toBe(1));
    expect(await deliver(receivers[0]!, event)).toBe(200);
    expect(await queue.count('waiting')).toBe(0);
    expect(runs).toBe(1);
  });

  it('queues the same id of two accounts twice', async () => {
    const queue = await openQueue();
    for (const account of ['a', 'b', 'a'])
      await deliver(front(queue), sampleEvent('site.created', { id: 'evt_1', account_id: account }));
    expect(await queue.count('waiting')).toBe(2);
  });

  it('retries a failed job, and passes the attempt to handlers', async () => {
    const queue = await openQueue();
    await deliver(front(queue), sampleEvent('ssl.issued'));
    const attempts: unknown[] = [];
    await queue.work(
      createReceiver({ secret }).onAny((_, { attempt, isDuplicateDelivery }) => {
        attempts.push([attempt, isDuplicateDelivery]);
        if (attempts.length < 3) throw new Error('not yet');
      }),
    );
    await eventually(async () => expect(await queue.count('completed')).toBe(1));
    expect(attempts).toEqual([
      [1, false],
      [2, true],
      [3, true],
    ]);
  });

  it('keeps a permanently failed job with its reason, and retries it on a redelivery', async () => {
    const queue = await openQueue();
    const event = sampleEvent('ssl.issued');
    await deliver(front(queue), event);
    let works = false;
    await queue.work(
      createReceiver({ secret }).onAny(() => {
        if (!works) throw new Error('the certificate store is full');
      }),
    );
    await eventually(async () => expect(await queue.count('failed')).toBe(1));
    expect(await queue.failures()).toEqual([expect.stringContaining('the certificate store is full')]);
    works = true;
    // Concurrent redeliveries must succeed too.
    const redeliveries = Array.from({ length: 5 }, () => deliver(front(queue), event));
    expect(await Promise.all(redeliveries)).toEqual([200, 200, 200, 200, 200]);
    await eventually(async () => expect(await queue.count('completed')).toBe(1));
    expect(await queue.count('failed')).toBe(0);
  });

  it.each([
    ['undefined', undefined, /threw a value that is not an Error/],
    ['a string', 'no disk', /no disk/],
    ['an error whose text jsonb rejects', new Error('half \u0000 a \ud800 pair'), /half .* a .* pair/],
  ])('fails a job after all attempts if its handler throws %s', async (_, thrown, reason) => {
    const queue = await openQueue();
    await deliver(front(queue), sampleEvent('ssl.issued'));
    let runs = 0;
    await queue.work(
      createReceiver({ secret }).onAny(() => {
        runs += 1;
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- as users do
        throw thrown;
      }),
    );
    await eventually(async () => expect(await queue.count('failed')).toBe(1));
    expect(runs).toBe(3);
    expect(await queue.failures()).toEqual([expect.stringMatching(reason)]);
  });

  it('fails a job if the receiver has no handlers', async () => {
    const queue = await openQueue();
    await deliver(front(queue), sampleEvent('ssl.issued'));
    await queue.work(createReceiver({ secret }));
    await eventually(async () => expect(await queue.count('failed')).toBe(1));
    expect(await queue.failures()).toEqual([expect.stringContaining('has no handlers')]);
  });

  it('preserves every string and events of unknown types', async () => {
    const queue = await openQueue();
    const odd = 'nul \u0000, half a pair \ud800, \u2028, "quotes", {{braces}}, 🦊';
    const event = sampleEvent('deployment.completed', { data: { commit_message: odd } });
    const wild = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}') as object;
    const unknown = {
      ...sampleEvent('site.created', { data: wild as never }),
      event: 'unknown',
      type: `x ${odd}`,
    };
    const seen: WebhookEvent[] = [];
    await queue.work(createReceiver({ secret }).onAny((given) => seen.push(given)));
    expect(await deliver(front(queue), event)).toBe(200);
    await eventually(() => expect(seen).toHaveLength(1));
    await queue.handoff({ ...unknown, id: 'evt_odd' } as never);
    await eventually(() => expect(seen).toHaveLength(2));
    expect(seen[0]).toEqual(event);
    expect(seen[1]).toMatchObject({ event: 'unknown', type: `x ${odd}` });
    expect(Object.keys((seen[1] as { data: object }).data)).toContain('__proto__');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('fails a job that contains no event, with a reason', async () => {
    const queue = await openQueue();
    let runs = 0;
    await queue.work(createReceiver({ secret }).onAny(() => (runs += 1)));
    await queue.addForeign();
    await eventually(async () => expect(await queue.count('failed')).toBe(1));
    expect(await queue.failures()).toEqual([expect.stringContaining('Give webhooks their own queue')]);
    expect(runs).toBe(0);
  });

  it('answers 5xx if the queue is disconnected from its server', async () => {
    const queue = await openQueue();
    await queue.cut();
    const receiver = createReceiver({ secret, handoff: queue.handoff, handlerTimeoutMs: 500 });
    expect(await deliver(receiver, sampleEvent('site.created'))).toBeGreaterThanOrEqual(500);
  });
}
