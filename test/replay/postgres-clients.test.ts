// Accepted and rejected clients of Postgres, isolation levels, and lost connections.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { neon, neonConfig, Pool as NeonPool } from '@neondatabase/serverless';
import pg from 'pg';
import postgres from 'postgres';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createReceiver, type WebhookError } from '../../src/index.js';
import { createPostgresReplayStore, type QueryClient } from '../../src/replay/postgres.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';
import { hasPostgres, postgresUrl as url } from '../support/services.js';

const suffix = crypto.randomUUID().slice(0, 8);
const table = `hostwares_clients_${suffix}`;
const secret = 'whsec_of_the_client_test';
const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 10_000 });
const isThere = await hasPostgres();

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
  if (isThere) await pool.query(`DROP TABLE IF EXISTS ${table}`);
  await pool.end();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Neon's driver over HTTP; its server passes the queries on to the Postgres of these tests. */
async function neonOverHttp() {
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { query, params } = JSON.parse(Buffer.concat(chunks).toString()) as {
        query: string;
        params: unknown[];
      };
      const found = await pool.query({ text: query, values: params, rowMode: 'array' });
      const fields = found.fields.map(({ name, dataTypeID }) => ({ name, dataTypeID }));
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ command: found.command, rowCount: found.rowCount, fields, rows: found.rows }),
      );
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  neonConfig.fetchEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`;
  return neon('postgresql://user:password@db.example/test');
}

/** A WebSocket that is connected to Postgres itself instead of Neon's proxy. */
class SocketToPostgres extends EventTarget {
  readonly readyState = 1;
  binaryType = 'arraybuffer';
  readonly #socket: Socket;
  constructor() {
    super();
    this.#socket = connect(Number(new URL(url).port), new URL(url).hostname);
    this.#socket.on('connect', () => this.dispatchEvent(new Event('open')));
    this.#socket.on('data', (data) => {
      const { buffer, byteOffset, length } = data;
      this.dispatchEvent(
        new MessageEvent('message', { data: buffer.slice(byteOffset, byteOffset + length) }),
      );
    });
    this.#socket.on('error', () => this.dispatchEvent(new Event('error')));
    this.#socket.on('close', () => this.dispatchEvent(new Event('close')));
  }
  send(data: Uint8Array) {
    this.#socket.write(data);
  }
  close() {
    this.#socket.end();
  }
}

function neonPool() {
  Object.assign(neonConfig, {
    webSocketConstructor: SocketToPostgres,
    wsProxy: () => '127.0.0.1/v1',
    useSecureWebSocket: false,
    forceDisablePgSSL: true,
    pipelineConnect: false,
  });
  const found = new NeonPool({ connectionString: url });
  closing.push(() => found.end());
  return found;
}

/** The results of TypeORM's driver: an array of rows, or rows and their count after an UPDATE or DELETE. */
const typeOrm = {
  isInitialized: true,
  async query(text: string, values: unknown[]) {
    const { command, rows, rowCount } = (await pool.query(text, values)) as pg.QueryResult<object>;
    return command === 'UPDATE' || command === 'DELETE' ? [rows, rowCount] : rows;
  },
};

const odd = { parsed: 'by the application' };
const oddNumbers = { to: 20, from: [20, 21, 23, 700, 701, 1114, 1184], serialize: String, parse: () => odd };
const sqlWith = (options: postgres.Options<Record<string, postgres.PostgresType>>) => {
  const sql = postgres(url, { max: 2, onnotice: () => undefined, ...options });
  closing.push(() => sql.end());
  return sql;
};
const poolWith = (options: pg.PoolConfig) => {
  const found = new pg.Pool({ connectionString: url, ...options });
  found.on('error', () => undefined);
  closing.push(() => found.end());
  return found;
};

describe.skipIf(!isThere).each([
  ['neon(url)', neonOverHttp],
  ["Neon's pool", neonPool],
  ['a DataSource of TypeORM', () => typeOrm],
  ['postgres.camel', () => sqlWith({ transform: postgres.camel })],
  ['postgres.pascal', () => sqlWith({ transform: postgres.pascal })],
  ['parsers of postgres.js for numbers and times', () => sqlWith({ types: { oddNumbers } })],
  [
    'parsers of pg for all types but text',
    () =>
      poolWith({
        types: { getTypeParser: ((type: number) => (text: string) => (type === 25 ? text : odd)) as never },
      }),
  ],
])('the Postgres replay store with %s', (_, open) => {
  it('claims, extends, completes, releases and cleans up', async () => {
    const store = createPostgresReplayStore(await open(), { table });
    await store.migrate();
    const [id, other, gone] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    const times = { leaseMs: 60_000, ttlMs: 120_000 };
    const token = async (of: string) => {
      const claim = await store.claim(of, times);
      if (claim.status !== 'claimed') throw new Error(claim.status);
      return claim;
    };
    const first = await token(id);
    expect(first.attempt).toBe(1);
    const busy = await store.claim(id, times);
    expect(busy.status === 'busy' && busy.retryAfterMs).toBeGreaterThan(50_000);
    expect(await store.extend(id, first.token, 90_000)).toBe(true);
    expect(await store.complete(id, first.token)).toBe(true);
    expect(await store.complete(id, first.token)).toBe(false);
    expect(await store.claim(id, times)).toEqual({ status: 'done' });
    expect(await store.release(other, (await token(other)).token)).toBe(true);
    expect((await token(other)).attempt).toBe(2);
    await store.claim(gone, { leaseMs: 0, ttlMs: 0 });
    expect(await store.cleanUp()).toBeGreaterThanOrEqual(1);
  });
});

describe('createPostgresReplayStore with a client of the wrong shape', () => {
  it.each([
    ['nothing', undefined],
    ['a URL', url],
    ['neon(url) before 1.0', () => []],
    ["Drizzle's db", { query: {}, execute: async () => ({ rows: [] }) }],
    ["Prisma's", { $queryRawUnsafe: async () => [] }],
    ["mysql2's pool", { query: async () => [[], []], escapeId: (name: string) => name }],
  ])('throws a TypeError at set-up for %s', (_, client) => {
    expect(() => createPostgresReplayStore(client as never)).toThrow(TypeError);
    expect(() => createPostgresReplayStore(client as never)).toThrow(/needs a client of pg, postgres\.js/);
  });

  describe.each([
    ['[rows, fields]', [[], []]],
    ['[rows] of arrays', [['rows']]],
    ['{ rows } of arrays', { rows: [['rows']] }],
    ['no rows', []],
    ['nothing', undefined],
    ['null', null],
    ['rows of two columns', [{ a: 'rows', b: 1 }]],
    ['rows of a number', [{ a: 1 }]],
  ])('and a query that resolves to %s', (_, answer) => {
    const client = { query: async () => answer } as unknown as QueryClient;

    it('rejects migrate() with a TypeError', async () => {
      await expect(createPostgresReplayStore(client).migrate()).rejects.toThrow(TypeError);
    });

    it('answers the first request with 503 and a cause that names the fix if migrate() was not called', async () => {
      const told: WebhookError[] = [];
      const receiver = createReceiver({
        secret,
        replay: { store: createPostgresReplayStore(client) },
        onRejected: (error) => told.push(error),
      }).onAny(() => {
        throw new Error('no handler may run');
      });
      receiver.onError((error) => told.push(error));
      expect((await receiver.handle(await createSignedRequest('ping', { secret }))).status).toBe(503);
      expect(told[0]?.code).toBe('replay_store_unavailable');
      expect(String(told[0]?.cause)).toMatch(
        /rows that are objects\. Give createPostgresReplayStore one of pg/,
      );
    });
  });
});

describe('a failed statement of the Postgres replay store', () => {
  const failing = (code: string, times: number) => {
    let runs = 0;
    const query = async () => {
      runs += 1;
      if (runs <= times) throw Object.assign(new Error(`SQLSTATE ${code}`), { code });
      return { rows: [{ claim: 'done' }] };
    };
    return { store: createPostgresReplayStore({ query }), runs: () => runs };
  };
  const claim = ({ store }: ReturnType<typeof failing>) => store.claim('a', { leaseMs: 10, ttlMs: 20 });

  it.each(['40001', '40P01'])('is retried after %s', async (code) => {
    const client = failing(code, 5);
    expect(await claim(client)).toEqual({ status: 'done' });
    expect(client.runs()).toBe(6);
  });

  it('is run 20 times at most', async () => {
    const client = failing('40001', Infinity);
    await expect(claim(client)).rejects.toThrow('SQLSTATE 40001');
    expect(client.runs()).toBe(20);
  });

  it('is not retried after another code', async () => {
    const client = failing('23505', 1);
    await expect(claim(client)).rejects.toThrow('SQLSTATE 23505');
    expect(client.runs()).toBe(1);
  });
});

describe('the Postgres replay store on a pool whose statement fails', () => {
  /** A pool with one connection, on which every statement fails with this code. */
  const poolFailingWith = (code: string | undefined) => {
    const released: boolean[] = [];
    const client = Object.assign(new EventEmitter(), {
      query: async () => Promise.reject(Object.assign(new Error('failed'), { code })),
      release: (destroy: boolean) => void released.push(destroy),
    });
    const failing = {
      totalCount: 1,
      connect: async () => client,
      query: () => Promise.reject(new Error('pool.query() was called')),
    };
    return { failing, client, released };
  };

  it.each([
    ['keeps', '42P01', false],
    ['keeps', '55P03', false],
    ['keeps', '57014', false],
    ['closes', '25006', true],
    ['closes', '57P01', true],
    ['closes', 'ECONNRESET', true],
    ['closes', undefined, true],
  ])('%s the connection if the code is %s', async (_, code, destroy) => {
    const { failing, client, released } = poolFailingWith(code);
    const store = createPostgresReplayStore(failing);
    await expect(store.release('a', 'token')).rejects.toThrow();
    expect(released).toEqual([destroy]);
    expect(client.listenerCount('error')).toBe(0);
  });

  it('keeps the connection at each of 20 serialization failures', async () => {
    const { failing, released } = poolFailingWith('40001');
    const store = createPostgresReplayStore(failing);
    await expect(store.release('a', 'token')).rejects.toThrow('failed');
    expect(released).toEqual(Array.from({ length: 20 }, () => false));
  });
});

describe.skipIf(!isThere).each(['repeatable read', 'serializable'])(
  'the Postgres replay store on a pool of pg under %s',
  (isolation) => {
    const openPool = () => {
      const options = `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`;
      const contended = poolWith({ max: 8, options });
      let connections = 0;
      contended.on('connect', () => (connections += 1));
      return { contended, connections: () => connections };
    };

    it('answers 200 or 409 to concurrent deliveries, handles each event once, and keeps its connections', async () => {
      const { contended, connections } = openPool();
      const store = createPostgresReplayStore(contended, { table });
      await store.migrate();
      const causes: string[] = [];
      const runs = new Map<string, number>();
      const receiver = createReceiver({
        secret,
        replay: { store, leaseSeconds: 1, timeoutMs: 15_000 },
        onRejected: ({ code, cause }) => {
          if (code !== 'duplicate_in_progress') causes.push(`${code}: ${String(cause)}`);
        },
      }).onAny(async ({ id }) => {
        runs.set(id, (runs.get(id) ?? 0) + 1);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 250));
      });
      receiver.onError((error) => causes.push(`${error.code}: ${String(error.cause)}`));
      const events = Array.from({ length: 60 }, () => ({
        ...sampleEvent('credits.low'),
        id: `evt_${crypto.randomUUID()}`,
        timestamp: new Date().toISOString(),
      }));
      const send = async (event: (typeof events)[number]) =>
        (await receiver.handle(await createSignedRequest(event, { secret }))).status;
      const statuses: number[] = [];
      const sendUntilHandled = async (event: (typeof events)[number]) => {
        for (let status = 0; status !== 200;) {
          status = await send(event);
          statuses.push(status);
          if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };
      // Adjacent, so that the claims of one event conflict.
      await Promise.all(events.flatMap((event) => [event, event, event, event]).map(sendUntilHandled));
      expect(causes).toEqual([]);
      expect(new Set(statuses)).toEqual(new Set([200, 409]));
      expect([...runs.values()]).toEqual(events.map(() => 1));
      expect(connections()).toBeLessThanOrEqual(8);
    });
  },
);

describe.skipIf(!isThere)('the Postgres replay store', () => {
  const times = { leaseMs: 60_000, ttlMs: 60_000 };

  it('cleans up with a probability of 1 in 1,000 in processes that make one claim', async () => {
    const store = createPostgresReplayStore(pool, { table });
    await store.migrate();
    await store.claim(`gone ${suffix}`, { leaseMs: 0, ttlMs: 0 });
    const left = async () =>
      (await pool.query(`SELECT FROM ${table} WHERE id = $1`, [`gone ${suffix}`])).rows.length;
    // The store is the only state of a process.
    const claimInNewProcess = (random: number) => {
      vi.spyOn(Math, 'random').mockReturnValue(random);
      return createPostgresReplayStore(pool, { table }).claim(crypto.randomUUID(), times);
    };
    await claimInNewProcess(0.001);
    expect(await left()).toBe(1);
    await claimInNewProcess(0.000_999);
    await vi.waitFor(async () => expect(await left()).toBe(0), 10_000);
  });

  it('distinguishes ids that differ in a lone surrogate or in NUL', async () => {
    const store = createPostgresReplayStore(pool, { table });
    await store.migrate();
    for (const id of ['\ud800', '\ud801', '\ufffd', 'a\0b', 'a\0c', 'a\\0000b'])
      expect((await store.claim(suffix + id, times)).status).toBe('claimed');
    expect((await store.claim(`${suffix}\ud801`, times)).status).toBe('busy');
  });

  it('survives the end of idle connections on a pool without a listener for error', async () => {
    const name = `hostwares_${suffix}`;
    const silent = new pg.Pool({ connectionString: url, application_name: name });
    closing.push(() => silent.end());
    const store = createPostgresReplayStore(silent, { table });
    await store.migrate();
    await store.claim(crypto.randomUUID(), times);
    const ended = await pool.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
      [name],
    );
    expect(ended.rowCount).toBeGreaterThan(0);
    await vi.waitFor(() => expect(silent.totalCount).toBe(0), 10_000);
    expect((await store.claim(crypto.randomUUID(), times)).status).toBe('claimed');
  });

  it('rejects the statement of a broken connection on a pool without a listener for error, and opens another', async () => {
    const silent = new pg.Pool({ connectionString: url });
    closing.push(() => silent.end());
    const sockets: Socket[] = [];
    silent.on('connect', (client) => {
      sockets.push((client as unknown as { connection: { stream: Socket } }).connection.stream);
    });
    const store = createPostgresReplayStore(silent, { table });
    await store.migrate();
    const locker = await pool.connect();
    try {
      await locker.query(`BEGIN; LOCK TABLE ${table}`);
      const waiting = expect(store.claim(crypto.randomUUID(), times)).rejects.toThrow(/terminated/);
      await vi.waitFor(() => expect(silent.totalCount - silent.idleCount).toBe(1));
      sockets[0]!.destroy();
      await waiting;
    } finally {
      await locker.query('ROLLBACK');
      locker.release();
    }
    expect((await store.claim(crypto.randomUUID(), times)).status).toBe('claimed');
    expect(sockets).toHaveLength(2);
  });

  it("uses query() of Neon's pool, which sends statements by fetch if it is configured to", async () => {
    await neonOverHttp();
    const neonByFetch = neonPool();
    neonConfig.poolQueryViaFetch = true;
    const connect = vi.spyOn(neonByFetch, 'connect');
    try {
      const store = createPostgresReplayStore(neonByFetch, { table });
      await store.migrate();
      expect((await store.claim(crypto.randomUUID(), times)).status).toBe('claimed');
    } finally {
      neonConfig.poolQueryViaFetch = false;
    }
    expect(connect).not.toHaveBeenCalled();
  });

  it('adds no listener to a pool that has one for error', () => {
    const own = new pg.Pool({ connectionString: url });
    const listener = () => undefined;
    own.on('error', listener);
    createPostgresReplayStore(own, { table });
    expect(own.listeners('error')).toEqual([listener]);
  });
});
