import { canCheckOut, ignoreIdleErrors, isPgPool, queryOnPool } from './postgres-pool.js';

/** The part of a Pool or Client of `pg` or Neon, of `neon(url)`, of PGlite and of a DataSource of TypeORM that the store uses. */
export interface QueryClient {
  query(
    text: string,
    values: unknown[],
  ): PromiseLike<{ readonly rows: readonly unknown[] } | readonly unknown[]>;
}

/** The part of postgres.js that the store uses. */
export interface UnsafeClient {
  unsafe(text: string, values: never[]): PromiseLike<readonly unknown[]>;
}

export type PostgresClient = QueryClient | UnsafeClient;

type Value = string | number;

/** Runs statements on any of the clients. */
export interface Statements {
  run(text: string, ...values: Value[]): Promise<unknown>;
  /**
   * Runs a statement that returns one row with one text column, and resolves to the text. Clients may rename columns and parse types other
   * than text (`postgres.camel`, parsers for bigint or timestamp), so no statement depends on either. The outermost statement must not be
   * an UPDATE or DELETE, whose result TypeORM returns in another shape.
   *
   * @throws `TypeError` if the client answers with anything else.
   */
  ask(text: string, ...values: Value[]): Promise<string>;
}

const clients = 'pg, postgres.js, PGlite, @neondatabase/serverless (1.0 or later) or a DataSource of TypeORM';
/** SQLSTATE of a serialization failure and of a deadlock: the statement had no effect, and can be run again. */
const retryableCodes: readonly unknown[] = ['40001', '40P01'];
/** With the delays this takes about a second; the receiver waits `timeoutMs` at most. */
const maxTries = 20;
const maxRetryDelayMs = 100;

/** The SQLSTATE of an error that a client threw. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

async function retry<Result>(run: () => PromiseLike<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (!retryableCodes.includes(codeOf(error)) || tries === maxTries) throw error;
      // Random, so that statements that failed together do not conflict again.
      const delayMs = Math.random() * Math.min(maxRetryDelayMs, 2 ** tries);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

function onlyText(answer: unknown): string {
  const rows = Array.isArray(answer) ? answer : (answer as { rows?: unknown } | undefined)?.rows;
  const row: unknown = Array.isArray(rows) && rows.length === 1 ? rows[0] : undefined;
  const values: unknown[] = typeof row === 'object' && row && !Array.isArray(row) ? Object.values(row) : [];
  const [text] = values;
  if (values.length === 1 && typeof text === 'string') return text;
  throw new TypeError(
    `The client did not answer with rows that are objects. Give createPostgresReplayStore one of ${clients}.`,
  );
}

type Send = (text: string, values: Value[]) => PromiseLike<unknown>;

/** Returns the function that runs a statement on this client. */
function sendWith(client: PostgresClient): Send {
  if (isPgPool(client)) {
    ignoreIdleErrors(client);
    if (canCheckOut(client)) return (text, values) => queryOnPool(client, text, values);
  }
  // query() first: neon(url) also has an unsafe(), which does something else.
  if ('query' in client) return (text, values) => client.query(text, values);
  return (text, values) => client.unsafe(text, values as never[]);
}

/** @throws `TypeError` for any other client. */
export function createStatements(client: PostgresClient): Statements {
  const given = client as Partial<QueryClient & UnsafeClient & { escapeId: unknown }> | undefined;
  // MySQL's clients also have query(); escapeId() identifies them.
  const isMysql = typeof given?.escapeId === 'function';
  if (isMysql || (typeof given?.query !== 'function' && typeof given?.unsafe !== 'function')) {
    throw new TypeError(
      `createPostgresReplayStore needs a client of ${clients}. For Drizzle, pass db.$client.`,
    );
  }
  const send = sendWith(client);
  const run = (text: string, ...values: Value[]): Promise<unknown> => retry(() => send(text, values));
  return { run, ask: async (text, ...values) => onlyText(await run(text, ...values)) };
}
