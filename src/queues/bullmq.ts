/**
 * Acknowledges an event once it is in a BullMQ queue, and runs the handlers in a worker. Needs the peer `bullmq`.
 *
 * @module bullmq
 */
import type { Worker, WorkerOptions } from 'bullmq';
import { eventKey } from '../events/key.js';
import type { AnyReceiver, WebhookEvent } from '../index.js';
import { loadPeer } from '../shared/load-peer.js';
import { withoutUndefined, type OrUndefined } from '../shared/without-undefined.js';
import { runJob, toQueued, type QueuedEvent } from './job.js';

export type { QueuedEvent } from './job.js';

/** What is used of BullMQ's `Queue`. */
export interface BullMQQueueLike {
  add(
    name: string,
    data: QueuedEvent,
    options: object,
  ): Promise<{ getState(): Promise<string>; retry(): Promise<unknown> }>;
  readonly defaultJobOptions?: object | undefined;
}

/** Options of {@link createBullMQWorker}: BullMQ's, and the queue. */
export interface BullMQWorkerOptions extends OrUndefined<WorkerOptions> {
  /** The queue that `createBullMQHandoff` fills. */
  queueName: string;
}

/** 10 s, 20 s, … 85 min: 2 h 50 min in all, about as long as the platform itself tries. */
const retries = { attempts: 11, backoff: { type: 'exponential', delay: 10_000 } };
/** Seconds. As long as a job is kept its id is known, and the same event is not queued again. */
const keepCompletedFor = 86_400;
const unknownJob =
  'Redis does not have the job that BullMQ just added, so the event is not acknowledged. Set maxmemory-policy noeviction, and no ' +
  'removeOnComplete: true in defaultJobOptions.';
/** A worker that dies with a job has not shown that the job is to blame: deployments kill workers. */
const maxStalledCount = 10;

/**
 * Hands events over to a BullMQ queue (5.16 or later): the answer is 200 once Redis has the job, and an error if BullMQ does not
 * find it there. The job's id is made
 * from the account and the event's id, so an event that comes again is not queued again, and one whose job has
 * failed for good is tried once more.
 *
 * A job is tried 11 times over 2 h 50 min, and forgotten a day after it was done; failed ones are kept. The
 * queue's own `defaultJobOptions` go before that. Jobs are as durable as that Redis: set `appendonly yes` and
 * `maxmemory-policy noeviction`.
 *
 * @example
 * const queue = new Queue('hostwares', { connection });
 * queue.on('error', (error) => console.error(`queue: ${error.message}`));
 * const receiver = createReceiver({ secret, handoff: createBullMQHandoff(queue) });
 */
export function createBullMQHandoff(queue: BullMQQueueLike): (event: WebhookEvent) => Promise<void> {
  if (typeof (queue as Partial<BullMQQueueLike> | undefined)?.add !== 'function') {
    throw new TypeError(
      "createBullMQHandoff needs a Queue of bullmq: new Queue('hostwares', { connection }).",
    );
  }
  return async (event) => {
    const job = await queue.add(event.event, toQueued(event), {
      ...retries,
      removeOnComplete: { age: keepCompletedFor },
      ...withoutUndefined(queue.defaultJobOptions),
      jobId: await eventKey(event.account_id, event.id),
    });
    const state = await job.getState();
    // Redis lost or evicted it, or the queue removes jobs as soon as they are completed: nobody can tell which.
    if (state === 'unknown') throw new Error(unknownJob);
    if (state !== 'failed') return;
    await job.retry().catch(async (error: unknown) => {
      // Another delivery of the same event was faster, unless it is still there, or gone.
      if (['failed', 'unknown'].includes(await job.getState())) throw error;
    });
  };
}

/**
 * Starts a BullMQ worker that runs the receiver's handlers on the events of a queue. A handler that throws fails
 * the job, and BullMQ tries it again as the job says; throw its `UnrecoverableError` to stop that. All handlers of
 * the event run at each attempt: `context.attempt` and `context.isDuplicateDelivery` tell which it is, and
 * `context.adapterContext` is the job.
 *
 * A job whose worker died is taken up by another after `lockDuration` (30 s), up to 10 times; BullMQ's own default
 * is once.
 *
 * @returns BullMQ's `Worker`. Call its `close()` when the process is to end: it waits for the jobs at work.
 * @throws `Error` where `bullmq` is not installed.
 *
 * @example
 * receiver.on('deployment.failed', async (event) => analyse(event));
 * const worker = await createBullMQWorker(receiver, { queueName: 'hostwares', connection, concurrency: 10 });
 * worker.on('error', (error) => console.error(`worker: ${error.message}`));
 * process.once('SIGTERM', () => void worker.close().then(() => process.exit()));
 */
export async function createBullMQWorker(
  receiver: Pick<AnyReceiver, 'dispatch'>,
  { queueName, ...options }: BullMQWorkerOptions,
): Promise<Worker<QueuedEvent, void>> {
  const bullmq = await loadPeer('bullmq', 'The worker', () => import('bullmq'));
  return new bullmq.Worker<QueuedEvent, void>(
    queueName,
    // With three parameters BullMQ gives the signal.
    (job, _token, signal) =>
      runJob(receiver, job.data, { attempt: job.attemptsStarted, adapterContext: job, signal }),
    { maxStalledCount, ...withoutUndefined<WorkerOptions>(options) },
  );
}
