/** The part of a client of `pg` that is used between its check-out from a pool and its release. */
interface PooledClient {
  query(text: string, values: unknown[]): PromiseLike<unknown>;
  /** @param destroy - True closes the connection instead of keeping it for the next statement. */
  release(destroy: boolean): void;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

/** The part of a pool of `pg` that is used in addition to `query`. */
export interface PgPool {
  readonly totalCount: number;
  connect(): PromiseLike<PooledClient>;
  listenerCount?(event: string): number;
  on?(event: string, listener: () => void): unknown;
}

/**
 * SQLSTATE of errors that leave the connection usable: rolled back (40), rejected (42), locked (55), cancelled (57014).
 * After any other, such as 25006 on a server that became a standby, the pool opens a new connection.
 */
const connectionIsKept = /^(?:40|42|55|57014)/;

function ignore(): void {
  // A lost connection also rejects the statement that runs on it.
}

/** Returns whether a client is a pool of `pg`, or of Neon's driver, whose pool extends it. */
export function isPgPool(client: object): client is PgPool {
  const { totalCount, connect } = client as Partial<PgPool>;
  return typeof totalCount === 'number' && typeof connect === 'function';
}

/**
 * Returns whether statements may run on a client of the pool. Neon's pool, which has this property, can be configured to send queries
 * by `fetch` where sockets are not available, and only its own `query` does that.
 */
export function canCheckOut(pool: PgPool): boolean {
  return !('hasFetchUnsupportedListeners' in pool);
}

/**
 * Adds a listener for `error` to a pool that has none. A pool emits it when the server closes an idle connection, as at each restart,
 * and without a listener that ends the process. The next statement opens another connection.
 */
export function ignoreIdleErrors(pool: PgPool): void {
  if (pool.listenerCount?.('error') === 0) pool.on?.('error', ignore);
}

/**
 * Runs one statement on a connection of the pool. The pool's own `query` closes its connection after every error, so under
 * `serializable` each conflict would cost a new connection, and claims would wait for them longer than their lease.
 */
export async function queryOnPool(pool: PgPool, text: string, values: unknown[]): Promise<unknown> {
  const client = await pool.connect();
  let destroy = false;
  // The pool does not listen to a client in use, and without a listener a lost connection would end the process.
  client.on('error', ignore);
  try {
    return await client.query(text, values);
  } catch (error) {
    destroy = !connectionIsKept.test(String((error as { code?: unknown } | undefined)?.code));
    throw error;
  } finally {
    client.release(destroy);
    client.removeListener('error', ignore);
  }
}
