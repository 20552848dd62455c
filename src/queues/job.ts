import { isWebhookError, type AnyReceiver, type DispatchOptions, type WebhookEvent } from '../index.js';

/** The data of a job. The event is JSON within a string, since a queue may not store all JSON: Postgres' jsonb rejects `\u0000`. */
export interface QueuedEvent {
  readonly event: string;
}

export function toQueued(event: WebhookEvent): QueuedEvent {
  return { event: JSON.stringify(event) };
}

/** Runs the receiver's handlers on a job. Rejects with the error that a handler threw, since queues store and show it. */
export async function runJob(
  receiver: Pick<AnyReceiver, 'dispatch'>,
  data: unknown,
  options: DispatchOptions,
): Promise<void> {
  const { event } = (data ?? {}) as Partial<QueuedEvent>;
  if (typeof event !== 'string') {
    throw new TypeError('The job contains no event. Give webhooks their own queue.');
  }
  try {
    await receiver.dispatch(JSON.parse(event) as WebhookEvent, options);
  } catch (error) {
    const thrown = isWebhookError(error) && error.code === 'handler_failed' ? error.cause : error;
    if (thrown instanceof Error) throw thrown;
    // BullMQ stores the reason of an Error only, and cannot fail a job for `undefined`.
    const text =
      typeof thrown === 'string' ? thrown : 'The handler threw a value that is not an Error; see the cause.';
    throw new Error(text, { cause: thrown });
  }
}
