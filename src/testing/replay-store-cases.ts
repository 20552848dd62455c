import type { ReplayStore } from '../replay/store.js';

/** Access to the store under test. */
export interface ReplayStoreHarness {
  /** Opens a store. All stores of one case share their ids. */
  readonly open: () => ReplayStore | Promise<ReplayStore>;
  /** Lets time pass for the store, in milliseconds: on a virtual clock, or by waiting if a server has the clock. */
  readonly pass: (ms: number) => Promise<void>;
}

/** One requirement of the contract of replay stores. */
export interface ReplayStoreCase {
  readonly name: string;
  /** Runs the case, and rejects if the store fails it. */
  readonly run: (harness: ReplayStoreHarness) => Promise<void>;
}

function expect(isMet: boolean, problem: string): void {
  if (!isMet) throw new Error(problem);
}

const it = (name: string, run: ReplayStoreCase['run']): ReplayStoreCase => ({ name, run });

const long = { leaseMs: 60_000, ttlMs: 120_000 };
/** A lease that a test can wait for and a slow machine does not exceed. */
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
 * The contract of replay stores as cases for any test runner. Run them on your own store.
 *
 * @example
 * describe.each(replayStoreCases)('my store', ({ name, run }) => {
 *   it(name, () => run({ open: () => createMyStore(), pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) }));
 * });
 */
export const replayStoreCases: readonly ReplayStoreCase[] = [
  it('grants one of a thousand concurrent claims of an id', async ({ open }) => {
    const stores = await Promise.all([open(), open(), open()]);
    const id = newId();
    const claims = await Promise.all(
      Array.from({ length: 1_000 }, async (_, each) => (stores[each % 3] as ReplayStore).claim(id, long)),
    );
    const won = claims.filter(({ status }) => status === 'claimed').length;
    const busy = claims.filter(({ status }) => status === 'busy').length;
    expect(won === 1 && busy === 999, `${won} were claimed and ${busy} were busy`);
  }),
  it('grants one of a hundred concurrent claims of a handled id that has expired', async ({ open, pass }) => {
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
    expect(right, `the claims were ${[...new Set(statuses)].join(' and ')}`);
  }),
  it('answers busy, with the remaining lease, for an id that is claimed', async ({ open }) => {
    const store = await open();
    const id = newId();
    await claim(store, id);
    const again = await store.claim(id, long);
    const right = again.status === 'busy' && again.retryAfterMs > 0 && again.retryAfterMs <= long.leaseMs;
    expect(right, `the second claim was ${JSON.stringify(again)}`);
  }),
  it('answers done for a completed id, in every process', async ({ open }) => {
    const [store, other] = [await open(), await open()];
    const id = newId();
    expect(await store.complete(id, await claim(store, id)), 'the holder could not complete');
    expect((await statusOf(other, id)) === 'done', 'the id was not done');
  }),
  it('grants a claim at once after a release', async ({ open }) => {
    const [store, other] = [await open(), await open()];
    const id = newId();
    expect(await store.release(id, await claim(store, id)), 'the holder could not release');
    expect((await statusOf(other, id)) === 'claimed', 'the id was not free');
  }),
  it('ignores a token that has released its claim', async ({ open }) => {
    const store = await open();
    const id = newId();
    const stale = await claim(store, id);
    await store.release(id, stale);
    expect(!(await store.complete(id, stale)), 'the released token completed');
    expect(!(await store.release(id, stale)), 'the released token released again');
    expect(!(await store.extend(id, stale, 60_000)), 'the released token extended');
    expect((await statusOf(store, id)) === 'claimed', 'the id was not free');
  }),
  it('counts the attempts of an id, or reports none', async ({ open, pass }) => {
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
    expect(
      attempts.every((each) => each === undefined) || counted === '[1,2,3,1]',
      `the attempts were ${counted}`,
    );
  }),
  it('grants a claim after the lease has expired, and ignores the old token', async ({ open, pass }) => {
    const [store, other] = [await open(), await open()];
    const id = newId();
    const stale = await claim(store, id, short);
    await pass(short.leaseMs + 100);
    const fresh = await claim(other, id);
    expect(fresh !== stale, 'both claims have the same token');
    expect(!(await store.complete(id, stale)), 'a stale token completed');
    expect(!(await store.release(id, stale)), 'a stale token released');
    expect(!(await store.extend(id, stale, 60_000)), 'a stale token extended');
    expect((await statusOf(store, id)) === 'busy', 'the new claim was lost');
    expect(await other.complete(id, fresh), 'the new holder could not complete');
  }),
  it('keeps an extended claim beyond its first lease', async ({ open, pass }) => {
    const store = await open();
    const id = newId();
    const token = await claim(store, id, short);
    expect(await store.extend(id, token, 60_000), 'the holder could not extend');
    await pass(short.leaseMs + 100);
    expect((await statusOf(store, id)) === 'busy', 'the id was free');
    expect(await store.complete(id, token), 'the holder could not complete');
  }),
  it('keeps a completed id beyond its lease, and ignores its token', async ({ open, pass }) => {
    const store = await open();
    const id = newId();
    const token = await claim(store, id, short);
    await store.complete(id, token);
    expect(!(await store.release(id, token)), 'a completed id was released');
    expect(!(await store.extend(id, token, 1)), 'a completed id was extended');
    await pass(short.leaseMs + 100);
    expect((await statusOf(store, id)) === 'done', 'the completed id was free after its lease');
  }),
  it('forgets an id after its ttl', async ({ open, pass }) => {
    const store = await open();
    const id = newId();
    await store.complete(id, await claim(store, id, { leaseMs: 100, ttlMs: 300 }));
    await pass(500);
    expect((await statusOf(store, id)) === 'claimed', 'the id was still remembered');
  }),
  it('ignores unknown ids and tokens', async ({ open }) => {
    const store = await open();
    const id = newId();
    const wrong = [
      await store.complete(id, 'token'),
      await store.release(id, 'token'),
      await store.extend(id, 'token', 1_000),
    ];
    expect(
      wrong.every((answer) => !answer),
      'a method on an unknown id returned true',
    );
    expect((await statusOf(store, id)) === 'claimed', 'the id was not free');
    expect(!(await store.complete(id, 'token')), 'another token completed');
    expect((await statusOf(store, id)) === 'busy', 'the claim was lost');
  }),
  it('distinguishes ids that differ in case, spaces or length', async ({ open }) => {
    const store = await open();
    const id = newId();
    for (const each of [id, `${id} `, `${id}:1`, id.toUpperCase()])
      expect((await statusOf(store, each)) === 'claimed', `${JSON.stringify(each)} was not free`);
  }),
];
