/** The part of a client of `pg` that is used between its check-out from a pool and its release. */
interface PooledClient {
  query(text: string, values: unknown[]): PromiseLike<unknown>;
  /** @param destroy - True closes the connection instead of keeping it for the next statement. */
  release(destroy: boolean): void;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

/** The part of a pool of `pg` that is used beside `query`. */
export interface PgPool {
  readonly totalCount: number;
  connect(): PromiseLike<PooledClient>;
  listenerCount?(event: string): number;
  on?(event: string, listener: () => void): unknown;
}

/**
 * SQLSTATE of errors that leave the connection as good as before: rolled back (40), rejected (42), locked (55), cancelled (57014).
 * After any other, such as 25006 on a server that became a standby, a new connection is the better choice.
 */
const connectionIsKept = /^(?:40|42|55|57014)/;

function ignore(): void {
  // A lost connection also rejects the statement that runs on it.
}

/** Whether a client is a pool of `pg`, or of Neon's driver, which is made from it. */
export function isPgPool(client: object): client is PgPool {
  const { totalCount, connect } = client as Partial<PgPool>;
  return typeof totalCount === 'number' && typeof connect === 'function';
}

/**
 * Whether statements may run on a connection of the pool. Neon's pool has this property, and may be configured to send each query by
 * `fetch` because there is no socket; only its `query` knows.
 */
export function canCheckOut(pool: PgPool): boolean {
  return !('hasFetchUnsupportedListeners' in pool);
}

/**
 * A pool emits `error` when the server ends an idle connection, as at each restart, and without a listener that ends the process.
 * The pool has dropped the connection by then, and the next statement opens another.
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
  // While a client is checked out its pool does not listen, and without a listener a lost connection would end the process.
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
