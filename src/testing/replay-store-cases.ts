import type { ReplayStore } from '../replay/store.js';

/** What a case needs of the store that is tested. */
export interface ReplayStoreHarness {
  /** A store; all that are opened in one case share what they remember. */
  readonly open: () => ReplayStore | Promise<ReplayStore>;
  /** Lets time pass for the store: on its own clock, or by waiting where it has a server's. */
  readonly pass: (ms: number) => Promise<void>;
}

/** One thing that every replay store must do. */
export interface ReplayStoreCase {
  readonly name: string;
  /** Rejects where the store does not. */
  readonly run: (harness: ReplayStoreHarness) => Promise<void>;
}

function expect(right: boolean, what: string): void {
  if (!right) throw new Error(what);
}

const it = (name: string, run: ReplayStoreCase['run']): ReplayStoreCase => ({ name, run });

const long = { leaseMs: 60_000, ttlMs: 120_000 };
/** Short enough to be waited for, long enough for a slow machine. */
const short = { leaseMs: 200, ttlMs: 120_000 };
const newId = (): string => `case-${crypto.randomUUID()}`;

async function claim(store: ReplayStore, id: string, times = long): Promise<string> {
  const claimed = await store.claim(id, times);
  if (claimed.status === 'claimed') return claimed.token;
  throw new Error(`the claim of a free id was ${claimed.status}`);
}

async function statusOf(store: ReplayStore, id: string, times = long): Promise<string> {
  return (await store.claim(id, times)).status;
}

/**
 * The contract of replay stores, as cases for any test runner: run them on a store of your own.
 *
 * @example
 * describe.each(replayStoreCases)('my store', ({ name, run }) => {
 *   it(name, () => run({ open: () => createMyStore(), pass: (ms) => new Promise((done) => setTimeout(done, ms)) }));
 * });
 */
export const replayStoreCases: readonly ReplayStoreCase[] = [
  it('a thousand claims of one id at once have one winner', async ({ open }) => {
    const stores = await Promise.all([open(), open(), open()]);
    const id = newId();
    const claims = await Promise.all(
      Array.from({ length: 1_000 }, async (_, each) => (stores[each % 3] as ReplayStore).claim(id, long)),
    );
    const won = claims.filter(({ status }) => status === 'claimed').length;
    const busy = claims.filter(({ status }) => status === 'busy').length;
    expect(won === 1 && busy === 999, `${won} won and ${busy} were told that it is busy`);
  }),
  it('a hundred claims at once of what was done and is forgotten have one winner', async ({ open, pass }) => {
    const stores = await Promise.all([open(), open(), open()]);
    const id = newId();
    const [store] = stores;
    await store.complete(id, await claim(store, id, { leaseMs: 100, ttlMs: 200 }));
    await pass(400);
    const claims = await Promise.all(
      Array.from({ length: 100 }, async (_, each) => (stores[each % 3] as ReplayStore).claim(id, long)),
    );
    const statuses = claims.map(({ status }) => status).sort();
    const right = statuses[98] === 'busy' && statuses[99] === 'claimed' && statuses[0] === 'busy';
    expect(right, `they were ${[...new Set(statuses)].join(' and ')}`);
  }),
  it('what is busy says when to come again', async ({ open }) => {
    const store = await open();
    const id = newId();
    await claim(store, id);
    const again = await store.claim(id, long);
    const right = again.status === 'busy' && again.retryAfterMs > 0 && again.retryAfterMs <= long.leaseMs;
    expect(right, `it said ${JSON.stringify(again)}`);
  }),
  it('what is completed is done, for every process', async ({ open }) => {
    const [store, other] = [await open(), await open()];
    const id = newId();
    expect(await store.complete(id, await claim(store, id)), 'the holder could not complete');
    expect((await statusOf(other, id)) === 'done', 'it was not done');
  }),
  it('what is released can be claimed at once', async ({ open }) => {
    const [store, other] = [await open(), await open()];
    const id = newId();
    expect(await store.release(id, await claim(store, id)), 'the holder could not release');
    expect((await statusOf(other, id)) === 'claimed', 'it was not free');
  }),
  it('a token is good for nothing once it has released', async ({ open }) => {
    const store = await open();
    const id = newId();
    const stale = await claim(store, id);
    await store.release(id, stale);
    expect(!(await store.complete(id, stale)), 'it completed');
    expect(!(await store.release(id, stale)), 'it released again');
    expect(!(await store.extend(id, stale, 60_000)), 'it extended');
    expect((await statusOf(store, id)) === 'claimed', 'the id was taken');
  }),
  it('counts the claims of an id, if it counts them at all', async ({ open, pass }) => {
    const [store, other] = [await open(), await open()];
    const id = newId();
    const attempts: (number | undefined)[] = [];
    const next = async (times = long): Promise<string> => {
      const claimed = await other.claim(id, times);
      if (claimed.status !== 'claimed') throw new Error(`the claim of a free id was ${claimed.status}`);
      attempts.push(claimed.attempt);
      return claimed.token;
    };
    await store.release(id, await next());
    await next(short);
    await pass(short.leaseMs + 100);
    await store.complete(id, await next({ leaseMs: 100, ttlMs: 300 }));
    await pass(500);
    await next();
    const counted = JSON.stringify(attempts);
    expect(attempts.every((each) => each === undefined) || counted === '[1,2,3,1]', `it said ${counted}`);
  }),
  it('a claim whose lease has passed is free, and its token is good for nothing more', async ({
    open,
    pass,
  }) => {
    const [store, other] = [await open(), await open()];
    const id = newId();
    const stale = await claim(store, id, short);
    await pass(short.leaseMs + 100);
    const fresh = await claim(other, id);
    expect(fresh !== stale, 'the token is the same');
    expect(!(await store.complete(id, stale)), 'a stale token completed');
    expect(!(await store.release(id, stale)), 'a stale token released');
    expect(!(await store.extend(id, stale, 60_000)), 'a stale token extended');
    expect((await statusOf(store, id)) === 'busy', 'the new claim was lost');
    expect(await other.complete(id, fresh), 'the new holder could not complete');
  }),
  it('a claim that is extended lasts', async ({ open, pass }) => {
    const store = await open();
    const id = newId();
    const token = await claim(store, id, short);
    expect(await store.extend(id, token, 60_000), 'the holder could not extend');
    await pass(short.leaseMs + 100);
    expect((await statusOf(store, id)) === 'busy', 'it was free');
    expect(await store.complete(id, token), 'the holder could not complete');
  }),
  it('what is done stays so, and a token of before can change nothing', async ({ open, pass }) => {
    const store = await open();
    const id = newId();
    const token = await claim(store, id, short);
    await store.complete(id, token);
    expect(!(await store.release(id, token)), 'it was released after it was done');
    expect(!(await store.extend(id, token, 1)), 'it was extended after it was done');
    await pass(short.leaseMs + 100);
    expect((await statusOf(store, id)) === 'done', 'it was free after its lease');
  }),
  it('is forgotten after its time', async ({ open, pass }) => {
    const store = await open();
    const id = newId();
    await store.complete(id, await claim(store, id, { leaseMs: 100, ttlMs: 300 }));
    await pass(500);
    expect((await statusOf(store, id)) === 'claimed', 'it was still remembered');
  }),
  it('ids and tokens that are not known change nothing', async ({ open }) => {
    const store = await open();
    const id = newId();
    const wrong = [
      await store.complete(id, 'token'),
      await store.release(id, 'token'),
      await store.extend(id, 'token', 1_000),
    ];
    expect(
      wrong.every((answer) => !answer),
      'it said that it did',
    );
    expect((await statusOf(store, id)) === 'claimed', 'the id was taken');
    expect(!(await store.complete(id, 'token')), 'another token completed');
    expect((await statusOf(store, id)) === 'busy', 'the claim was lost');
  }),
  it('ids that differ in anything are different ids', async ({ open }) => {
    const store = await open();
    const id = newId();
    for (const each of [id, `${id} `, `${id}:1`, id.toUpperCase()])
      expect((await statusOf(store, each)) === 'claimed', `${JSON.stringify(each)} was taken`);
  }),
];
