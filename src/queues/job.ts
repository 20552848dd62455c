import { isWebhookError, type AnyReceiver, type DispatchOptions, type WebhookEvent } from '../index.js';

/** What a job holds. The event is text within, for a queue's own JSON takes less: Postgres' jsonb refuses `\u0000`. */
export interface QueuedEvent {
  readonly event: string;
}

export function toQueued(event: WebhookEvent): QueuedEvent {
  return { event: JSON.stringify(event) };
}

/** Runs the receiver's handlers on a job. Rejects with what the handler threw, for queues keep and show that. */
export async function runJob(
  receiver: Pick<AnyReceiver, 'dispatch'>,
  data: unknown,
  options: DispatchOptions,
): Promise<void> {
  const { event } = (data ?? {}) as Partial<QueuedEvent>;
  if (typeof event !== 'string') {
    throw new TypeError('The job holds no event: give webhooks a queue of their own.');
  }
  try {
    await receiver.dispatch(JSON.parse(event) as WebhookEvent, options);
  } catch (error) {
    const thrown = isWebhookError(error) && error.code === 'handler_failed' ? error.cause : error;
    if (thrown instanceof Error) throw thrown;
    // Always an error: BullMQ keeps no other reason, and cannot fail a job at all for `undefined`.
    const text = typeof thrown === 'string' ? thrown : 'The handler threw what is no error; it is the cause.';
    throw new Error(text, { cause: thrown });
  }
}
