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

/** The part of BullMQ's `Queue` that the hand-off uses. */
export interface BullMQQueueLike {
  add(
    name: string,
    data: QueuedEvent,
    options: object,
  ): Promise<{ getState(): Promise<string>; retry(): Promise<unknown> }>;
  readonly defaultJobOptions?: object | undefined;
}

/** Options of {@link createBullMQWorker}: the queue, and BullMQ's `WorkerOptions`. */
export interface BullMQWorkerOptions extends OrUndefined<WorkerOptions> {
  /** The name of the queue that `createBullMQHandoff` fills. */
  queueName: string;
}

/** Delays of 10 s, 20 s, … 85 min: 2 h 50 min in all, about as long as the platform retries. */
const retries = { attempts: 11, backoff: { type: 'exponential', delay: 10_000 } };
/** While a completed job is kept, its id is known and the same event is not queued again. */
const keepCompletedSeconds = 86_400;
const unknownJob =
  'Redis does not have the job that BullMQ just added, so the event is not acknowledged. Set maxmemory-policy noeviction, and ' +
  'remove removeOnComplete: true from defaultJobOptions.';
/** BullMQ's default is 1. Deployments kill workers too, and that must not fail a job. */
const maxStalledCount = 10;

/**
 * Creates the function for `handoff` that adds events to a BullMQ queue (5.16 or later). The response is 200 once Redis has the job,
 * and an error if BullMQ does not find it there. The job's id is derived from the account and the event's id, so a redelivered event is
 * not queued twice, and one whose job has failed permanently is retried.
 *
 * A job has 11 attempts over 2 h 50 min. It is removed a day after it completed; failed jobs are kept. The queue's own
 * `defaultJobOptions` override these. Jobs are as durable as that Redis: set `appendonly yes` and `maxmemory-policy noeviction`.
 *
 * @throws `TypeError` for anything but a queue. The function rejects if the job was not added, so that the platform retries.
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
      removeOnComplete: { age: keepCompletedSeconds },
      ...withoutUndefined(queue.defaultJobOptions),
      jobId: await eventKey(event.account_id, event.id),
    });
    const state = await job.getState();
    // Redis lost or evicted the job, or the queue removes jobs on completion; these cases look the same.
    if (state === 'unknown') throw new Error(unknownJob);
    if (state !== 'failed') return;
    await job.retry().catch(async (error: unknown) => {
      // If the job is neither failed nor gone, a concurrent delivery of the event has retried it.
      if (['failed', 'unknown'].includes(await job.getState())) throw error;
    });
  };
}

/**
 * Starts a BullMQ worker that runs the receiver's handlers on the events of a queue. A handler that throws fails the job, and BullMQ
 * retries it according to the job's options; throw BullMQ's `UnrecoverableError` to prevent that. All handlers of the event run at each
 * attempt: `context.attempt` and `context.isDuplicateDelivery` describe the attempt, and `context.adapterContext` is the job.
 *
 * Another worker takes over a job whose worker died after `lockDuration` (30 s), up to 10 times; BullMQ's own default is once.
 *
 * @returns BullMQ's `Worker`. Call its `close()` before the process ends: it waits for active jobs.
 * @throws `Error` if `bullmq` is not installed.
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
    // BullMQ passes the signal only to functions with three parameters.
    (job, _token, signal) =>
      runJob(receiver, job.data, { attempt: job.attemptsStarted, adapterContext: job, signal }),
    { maxStalledCount, ...withoutUndefined<WorkerOptions>(options) },
  );
}
