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

/** The part of pg-boss' job that the worker uses. */
export interface PgBossJobLike {
  readonly id: string;
  readonly data: unknown;
  /** The number of earlier attempts. */
  readonly retryCount: number;
  readonly signal: AbortSignal;
}

/** The part of `PgBoss` that the hand-off and the worker use. */
export interface PgBossLike {
  send(queue: string, data: QueuedEvent, options: object): Promise<string | null>;
  findJobs(queue: string, options: { id: string }): Promise<readonly unknown[]>;
  retry(queue: string, id: string): Promise<unknown>;
  work(queue: string, options: object, handler: (jobs: PgBossJobLike[]) => Promise<unknown>): Promise<string>;
  notifyWorker(id: string): void;
}

/** Options of {@link createPgBossHandoff}: the queue, and pg-boss' options of `send`. */
export interface PgBossHandoffOptions {
  /** The name of the queue, which must exist with the standard policy: `await boss.createQueue('hostwares')`. */
  queue: string;
  /** The number of retries of a job. @default 10 */
  retryLimit?: number | undefined;
  /** The delay before the first retry, in seconds. @default 10 */
  retryDelay?: number | undefined;
  /** True doubles the delay with each retry. @default true */
  retryBackoff?: boolean | undefined;
  /** The time without a heartbeat after which another worker takes the job, in seconds, 10 or more. @default 30 */
  heartbeatSeconds?: number | undefined;
  /** The time limit of one attempt, in seconds. @default the queue's: 900 */
  expireInSeconds?: number | undefined;
  /** How long a job may wait for a worker, in seconds. After that it is deleted and its event lost. @default the queue's: 14 days */
  retentionSeconds?: number | undefined;
  /** How long a completed or failed job is kept, in seconds. @default the queue's: 7 days */
  deleteAfterSeconds?: number | undefined;
  /** The dead-letter queue, for jobs that have failed permanently. @default the queue's */
  deadLetter?: string | undefined;
}

/** Options of {@link createPgBossWorker}: the queue, and pg-boss' options of `work`. */
export interface PgBossWorkerOptions {
  /** The name of the queue that `createPgBossHandoff` fills. */
  queue: string;
  /** The number of jobs that this process runs concurrently. @default 1 */
  localConcurrency?: number | undefined;
  /** The interval between polls while no job is waiting, in seconds, 0.5 or more. @default 2 */
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

/** Characters that Postgres' jsonb rejects: a job whose error has one could not be marked as failed. */
const unstorable = /[\0\p{Surrogate}]/gu;

/** Returns the error in a form that pg-boss can store. */
function toStorable(error: unknown): unknown {
  if (!(error instanceof Error) || `${error.message}${error.stack ?? ''}`.search(unstorable) < 0)
    return error;
  const copy = new Error(error.message.replace(unstorable, '\ufffd'));
  copy.stack = (error.stack ?? '').replace(unstorable, '\ufffd');
  return copy;
}

/** Derives a UUID from the event. Version 8 is the one for custom formats. */
async function jobIdOf({ account_id, id }: WebhookEvent): Promise<string> {
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
 * Creates the function for `handoff` that adds events to a pg-boss queue (12.12 or later). The response is 200 once Postgres has the job.
 * The job's id is derived from the account and the event's id, so a redelivered event is not queued twice, and one whose job has failed
 * permanently is retried.
 *
 * A job has 11 attempts over 3 to 6 hours, and is taken from a worker that sends no heartbeat for 30 s. By pg-boss' own defaults it has
 * three attempts without a delay, and each attempt may take 15 min.
 *
 * @throws `TypeError` without a started `PgBoss` or a queue. The function rejects if the job was not added, so that the platform retries.
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
    const id = await jobIdOf(event);
    if ((await boss.send(queue, toQueued(event), { ...jobOptions, id })) !== null) return;
    // pg-boss answers null for a job that it has, and for one that the queue's policy rejected.
    const [known] = await boss.findJobs(queue, { id });
    if (!known) throw new Error(`The queue ${queue} did not accept the event. Its policy must be standard.`);
    // Does nothing unless the job has failed permanently.
    await boss.retry(queue, id);
  };
}

/** Starts a worker of pg-boss that runs one job at a time, and fetches the next one as soon as a job has ended. */
function startWorker(
  receiver: Pick<AnyReceiver, 'dispatch'>,
  boss: PgBossLike,
  queue: string,
  options: object,
): Promise<string> {
  // A batch fails as a whole, hence one job at a time. Before 12.35 only the metadata have the count of retries.
  const started = boss.work(queue, { ...options, batchSize: 1, includeMetadata: true }, async (jobs) => {
    // Without this, pg-boss starts at most one job per polling interval.
    boss.notifyWorker(await started);
    for (const job of jobs) {
      const { data, retryCount, signal } = job;
      await runJob(receiver, data, { attempt: retryCount + 1, adapterContext: job, signal }).catch(
        (error: unknown) => {
          throw toStorable(error);
        },
      );
    }
  });
  return started;
}

/**
 * Starts workers of pg-boss that run the receiver's handlers on the events of a queue. A handler that throws fails the job, and pg-boss
 * retries it according to the job's options. All handlers of the event run at each attempt: `context.attempt` and
 * `context.isDuplicateDelivery` describe the attempt, `context.signal` fires at the job's time limit, and `context.adapterContext` is
 * the job.
 *
 * Each worker fetches the next job as soon as one has ended, and polls only while no job is waiting.
 *
 * @returns The ids of the `localConcurrency` workers. `boss.offWork(queue)` stops them and `boss.stop()` stops all; both wait for active
 * jobs.
 * @throws `TypeError` without a started `PgBoss` or a queue, or if `localConcurrency` is not a positive integer.
 *
 * @example
 * receiver.on('deployment.failed', async (event) => analyse(event));
 * await createPgBossWorker(receiver, boss, { queue: 'hostwares', localConcurrency: 10 });
 */
export function createPgBossWorker(
  receiver: Pick<AnyReceiver, 'dispatch'>,
  boss: PgBossLike,
  options: PgBossWorkerOptions,
): Promise<string[]> {
  check(boss, options, 'createPgBossWorker');
  const { queue, localConcurrency = 1, ...given } = options;
  if (!Number.isSafeInteger(localConcurrency) || localConcurrency < 1)
    throw new TypeError(`localConcurrency is ${String(localConcurrency)}, but must be a positive integer.`);
  const workOptions = withoutUndefined(given);
  // pg-boss' own localConcurrency reveals the id of the first worker only, and the others could not be notified.
  return Promise.all(
    Array.from({ length: localConcurrency }, () => startWorker(receiver, boss, queue, workOptions)),
  );
}
