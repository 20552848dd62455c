/**
 * Acknowledges an event once it is in a pg-boss queue on Postgres, and runs the handlers in a worker. Needs the peer
 * `pg-boss`.
 *
 * @module pg-boss
 */
import { eventKey } from '../events/key.js';
import type { AnyReceiver, WebhookEvent } from '../index.js';
import { withoutUndefined } from '../shared/without-undefined.js';
import { runJob, toQueued, type QueuedEvent } from './job.js';

export type { QueuedEvent } from './job.js';

/** What is used of a job of pg-boss. */
export interface PgBossJobLike {
  readonly id: string;
  readonly data: unknown;
  /** How often it was tried before. */
  readonly retryCount: number;
  readonly signal: AbortSignal;
}

/** What is used of `PgBoss`. */
export interface PgBossLike {
  send(queue: string, data: QueuedEvent, options: object): Promise<string | null>;
  findJobs(queue: string, options: { id: string }): Promise<readonly unknown[]>;
  retry(queue: string, id: string): Promise<unknown>;
  work(queue: string, options: object, handler: (jobs: PgBossJobLike[]) => Promise<unknown>): Promise<string>;
}

/** Options of {@link createPgBossHandoff}: pg-boss' own for `send`, and the queue. */
export interface PgBossHandoffOptions {
  /** The queue. It must be there, and its policy standard: `await boss.createQueue('hostwares')`. */
  queue: string;
  /** How often a job is tried again. @default 10 */
  retryLimit?: number | undefined;
  /** Seconds before it is first tried again. @default 10 */
  retryDelay?: number | undefined;
  /** Whether that doubles each time. @default true */
  retryBackoff?: boolean | undefined;
  /** How long a worker may be silent before another takes its job, in seconds, 10 or more. @default 30 */
  heartbeatSeconds?: number | undefined;
  /** How long a job may take, in seconds. @default the queue's: 900 */
  expireInSeconds?: number | undefined;
  /** How long a job may wait for a worker, in seconds; after it the job is deleted, and lost. @default the queue's: 14 days */
  retentionSeconds?: number | undefined;
  /** How long a job is kept that is done or has failed, in seconds. @default the queue's: 7 days */
  deleteAfterSeconds?: number | undefined;
  /** The queue for jobs that have failed for good. @default the queue's */
  deadLetter?: string | undefined;
}

/** Options of {@link createPgBossWorker}: pg-boss' own for `work`, and the queue. */
export interface PgBossWorkerOptions {
  /** The queue that `createPgBossHandoff` fills. */
  queue: string;
  /** How many jobs this process works on at once. @default 1 */
  localConcurrency?: number | undefined;
  /** How often it looks for jobs, in seconds, 0.5 or more. @default 2 */
  pollingIntervalSeconds?: number | undefined;
}

function check(boss: PgBossLike, options: { queue: string } | undefined, caller: string): void {
  if (typeof options?.queue !== 'string')
    throw new TypeError(`${caller} needs a queue: { queue: 'hostwares' }.`);
  const given = boss as Partial<PgBossLike> | undefined;
  if (typeof given?.work === 'function' && typeof given.findJobs === 'function') return;
  throw new TypeError(
    `${caller} needs a started PgBoss (pg-boss 12.12 or later): await new PgBoss(connectionString).start().`,
  );
}

/** Text that Postgres' jsonb refuses, and a job that fails with it would not be failed. */
const unstorable = /[\0\p{Surrogate}]/gu;

/** The error as pg-boss can keep it. */
function storable(error: unknown): unknown {
  if (!(error instanceof Error) || `${error.message}${error.stack ?? ''}`.search(unstorable) < 0)
    return error;
  const copy = new Error(error.message.replace(unstorable, '\ufffd'));
  copy.stack = (error.stack ?? '').replace(unstorable, '\ufffd');
  return copy;
}

/** A UUID made from the event, of the version that is free to use (8). */
async function jobId({ account_id, id }: WebhookEvent): Promise<string> {
  const key = await eventKey(account_id, id);
  return [
    key.slice(0, 8),
    key.slice(8, 12),
    `8${key.slice(13, 16)}`,
    `8${key.slice(17, 20)}`,
    key.slice(20, 32),
  ].join('-');
}

/**
 * Hands events over to a pg-boss queue (12.12 or later): the answer is 200 once Postgres has the job. The job's id is
 * made from the account and the event's id, so an event that comes again is not queued again, and one whose job has
 * failed for good is tried once more.
 *
 * A job is tried 11 times over 3 to 6 hours, and taken from a worker that is silent for 30 s; pg-boss' own defaults
 * are three times at once, and 15 min.
 *
 * @example
 * const boss = new PgBoss(connectionString);
 * boss.on('error', (error) => console.error(`pg-boss: ${error.message}`));
 * await boss.start();
 * await boss.createQueue('hostwares');
 * const receiver = createReceiver({ secret, handoff: createPgBossHandoff(boss, { queue: 'hostwares' }) });
 */
export function createPgBossHandoff(
  boss: PgBossLike,
  options: PgBossHandoffOptions,
): (event: WebhookEvent) => Promise<void> {
  check(boss, options, 'createPgBossHandoff');
  const { queue, ...given } = options;
  const defaults = { retryLimit: 10, retryDelay: 10, retryBackoff: true, heartbeatSeconds: 30 };
  const jobOptions = { ...defaults, ...withoutUndefined(given) };
  return async (event) => {
    const id = await jobId(event);
    if ((await boss.send(queue, toQueued(event), { ...jobOptions, id })) !== null) return;
    // Not taken: because it is there already, or because the queue's policy lets in fewer.
    const [known] = await boss.findJobs(queue, { id });
    if (!known) throw new Error(`The queue ${queue} did not take the event. Its policy must be standard.`);
    // Does nothing unless the job has failed for good.
    await boss.retry(queue, id);
  };
}

/**
 * Starts a pg-boss worker that runs the receiver's handlers on the events of a queue. A handler that throws fails the
 * job, and pg-boss tries it again as the job says. All handlers of the event run at each attempt: `context.attempt`
 * and `context.isDuplicateDelivery` tell which it is, `context.signal` fires when the job's time is over, and
 * `context.adapterContext` is the job.
 *
 * @returns The worker's id, for `boss.offWork`. `boss.stop()` waits for the jobs at work.
 *
 * @example
 * receiver.on('deployment.failed', async (event) => analyse(event));
 * await createPgBossWorker(receiver, boss, { queue: 'hostwares', localConcurrency: 10 });
 */
export function createPgBossWorker(
  receiver: Pick<AnyReceiver, 'dispatch'>,
  boss: PgBossLike,
  options: PgBossWorkerOptions,
): Promise<string> {
  check(boss, options, 'createPgBossWorker');
  const { queue, ...given } = options;
  // One job at a time: a batch fails as a whole. Before 12.35 only the metadata tell how often it was tried.
  return boss.work(
    queue,
    { ...withoutUndefined(given), batchSize: 1, includeMetadata: true },
    async (jobs) => {
      for (const job of jobs) {
        const { data, retryCount, signal } = job;
        await runJob(receiver, data, { attempt: retryCount + 1, adapterContext: job, signal }).catch(
          (error: unknown) => {
            throw storable(error);
          },
        );
      }
    },
  );
}
