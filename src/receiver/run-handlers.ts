import type { HandlerContext } from './context.js';
import { WebhookError } from '../errors.js';
import type { AnyHandler } from './registration.js';

/** Notifies the error handlers of a failure, or the logger if there are none. Never rejects. */
export type NotifyFailure = (
  error: WebhookError,
  event: unknown,
  context: HandlerContext,
) => Promise<unknown>;

/** An event, and the handlers to run on it. */
export interface HandlerRun {
  /** Names the handlers in messages, such as `handler for site.created`. */
  readonly subject: string;
  readonly handlers: readonly AnyHandler[];
  readonly event: unknown;
  readonly context: HandlerContext;
  /** Set once a handler is awaited. Handlers that return no promise have ended when they return. */
  isWaiting?: boolean;
}

/**
 * Runs handlers in order, each after its predecessor has ended. All run, even if one fails; then the promise rejects
 * with the first `handler_failed`. Once the signal has fired, the remaining handlers are skipped. Resolves with the
 * number of handlers that ran.
 */
export async function runHandlers(run: HandlerRun, notifyFailure: NotifyFailure): Promise<number> {
  const { subject, handlers, event, context } = run;
  const { signal } = context;
  const failures: WebhookError[] = [];
  let ran = 0;
  for (const handler of handlers) {
    if (signal.aborted) break;
    ran += 1;
    try {
      const pending = handler(event as never, context);
      if (pending !== undefined) {
        run.isWaiting = true;
        await (pending as Promise<unknown>);
      }
    } catch (cause) {
      failures.push(new WebhookError('handler_failed', `The ${subject} failed.`, { cause }));
    }
  }
  const [first] = failures;
  if (signal.aborted || !first) return ran;
  await Promise.all(failures.map((failure) => notifyFailure(failure, event, context)));
  throw first;
}
