import type { Admission } from './admit.js';
import { createContext } from './context.js';
import type { WebhookError } from '../errors.js';
import type { HeldClaim } from '../replay/held-claim.js';
import { withTimeout } from '../shared/with-timeout.js';
import type { HandlerRegistry } from './handlers.js';
import { handlingTimeoutMs } from './options.js';
import type { AnyHandler } from './registration.js';
import type { Report } from './report.js';
import { acknowledge, rejectedResult } from './responses.js';
import { runHandlers, type HandlerRun, type NotifyFailure } from './run-handlers.js';
import type { ReceiveInput, ReceiverOptions, ReceiveResult } from './types.js';

/** Wraps a hand-off as a handler. A hand-off without a promise fails, since the queue may not have stored the event. */
function toHandler(handoff: NonNullable<ReceiverOptions['handoff']>): AnyHandler {
  return (event, context) => {
    const pending: unknown = handoff(event, context);
    return pending ?? Promise.reject(new TypeError('handoff returned no promise.'));
  };
}

/** Handles an admitted event and returns the response. Never rejects. */
export type Settle = (
  admission: Admission,
  claim: HeldClaim | undefined,
  input: ReceiveInput,
) => Promise<ReceiveResult<unknown>>;

export function createSettle(
  options: ReceiverOptions,
  handlers: HandlerRegistry,
  report: Report,
  notifyFailure: NotifyFailure,
): Settle {
  const { handoff, onHandled } = options;
  const handoffHandlers = handoff && [toHandler(handoff)];
  const timeoutMs = handlingTimeoutMs(options);

  /** Runs the handlers. If one returns a promise, the run gets a deadline and the claim a heartbeat. */
  function runInTime(
    run: HandlerRun,
    claim: HeldClaim | undefined,
    controller: AbortController,
  ): Promise<number> {
    const running = runHandlers(run, notifyFailure);
    if (!run.isWaiting) return running;
    claim?.startHeartbeat();
    const onTimeout = (timeout: WebhookError): void => {
      controller.abort(timeout);
      // The claim is kept until the handlers have ended, or for maxHandlingSeconds.
      const release = () => claim?.release();
      void running.then(release, release);
    };
    return withTimeout(running, { timeoutMs, code: 'handler_timeout', subject: run.subject, onTimeout });
  }

  return async ({ verifiedEvent, event }, claim, { adapterContext, waitUntil }) => {
    const controller = new AbortController();
    const { signal } = controller;
    const attempt = claim?.attempt;
    const context = createContext({ verifiedEvent, adapterContext, waitUntil, attempt, signal });
    const run = {
      subject: `${handoff ? 'hand-off' : 'handler'} for ${verifiedEvent.event}`,
      handlers: handoffHandlers ?? handlers.forType(verifiedEvent.event),
      event: handoff ? verifiedEvent : event,
      context,
    };
    try {
      const count = await runInTime(run, claim, controller);
      if (count === 0) {
        await report((reporter) => {
          reporter.unhandled(verifiedEvent, handlers.registrations);
        });
      }
      // After a crash before this line the event is handled again, so it is never lost.
      if (claim) await claim.complete();
      return acknowledge(event, { handlers: count, duplicate: false }, onHandled);
    } catch (cause) {
      const error = cause as WebhookError;
      // The error handlers have been notified of each failed handler already.
      if (error.code === 'handler_failed') await claim?.release();
      else await notifyFailure(error, event, context);
      return { ...rejectedResult(error), event };
    }
  };
}
