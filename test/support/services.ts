// The servers and programs that tests need. A test without its server is skipped and reported as skipped; with CI=true it fails instead.
import { spawnSync } from 'node:child_process';
import { Redis } from 'ioredis';
import pg from 'pg';

export const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
export const postgresUrl = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test';

/** Returns `isThere`, or throws if it is `false` and CI=true. */
function requireInCi(isThere: boolean, what: string): boolean {
  if (!isThere && process.env.CI === 'true') throw new Error(`CI must have ${what}`);
  return isThere;
}

/** Tells whether Redis answers at {@link redisUrl}. */
export async function hasRedis(): Promise<boolean> {
  const client = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  const isThere = await client.connect().then(
    () => true,
    () => false,
  );
  client.disconnect();
  return requireInCi(isThere, `a Redis at ${redisUrl}`);
}

/** Tells whether Postgres answers at {@link postgresUrl}. */
export async function hasPostgres(): Promise<boolean> {
  const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  const isThere = await client.connect().then(
    () => true,
    () => false,
  );
  if (isThere) await client.end();
  return requireInCi(isThere, `a Postgres at ${postgresUrl}`);
}

/** Tells whether the program `openssl` is installed. */
export function hasOpenssl(): boolean {
  return requireInCi(spawnSync('openssl', ['version']).status === 0, 'openssl');
}

/** Tells whether the program `redis-server` is installed, in version 7 or later. */
export function hasRedisServer(): boolean {
  const { stdout } = spawnSync('redis-server', ['--version']);
  return requireInCi(/v=(?:[7-9]|\d\d)/.test(String(stdout)), 'redis-server, version 7 or later');
}
