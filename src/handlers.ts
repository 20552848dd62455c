import type { HandlerContext, RequestContext } from './context.js';
import { WebhookError } from './errors.js';
import { eventTypes, isEventType, type EventType, type WebhookEvent } from './events/types.js';

/** A handler. Returning (or resolving) acknowledges the event; throwing makes the platform try again. */
export type Handler<Event> = (event: Event, context: HandlerContext) => unknown;

/** Told of each handler that failed: `error.cause` is what the handler threw. */
export type ErrorHandler<Event = WebhookEvent> = (
  error: WebhookError,
  event: Event,
  context: HandlerContext,
) => unknown;

/** What a handler can be registered for by name. */
export type HandledType = EventType | 'ping';

interface Registration {
  readonly wants: (type: WebhookEvent['event']) => boolean;
  readonly handler: Handler<never>;
}

/** The handlers of a receiver, and how they are run. */
export class HandlerRegistry {
  readonly registrations: Registration[] = [];
  private readonly errorHandlers: ErrorHandler<never>[] = [];
  private sealed = false;

  on(types: unknown, handler: Handler<never>): void {
    const names = (Array.isArray(types) ? types : [types]) as unknown[];
    if (names.length === 0) throw new TypeError('receiver.on: the list of event types is empty.');
    for (const name of names) {
      if (isEventType(name) || name === 'ping') continue;
      throw new TypeError(
        `receiver.on: ${JSON.stringify(name)} is not an event type. Known: ${eventTypes.join(', ')}, ping. ` +
          'For types that this version does not know there is onUnknown.',
      );
    }
    this.register((type) => names.includes(type), handler);
  }

  register(wants: Registration['wants'], handler: Handler<never>): void {
    this.checkRegistration(handler);
    this.registrations.push({ wants, handler });
  }

  onError(handler: ErrorHandler<never>): void {
    this.checkRegistration(handler);
    this.errorHandlers.push(handler);
  }

  /** After this nothing can be registered: a handler added later would miss events without a word. */
  seal(): void {
    this.sealed = true;
  }

  private checkRegistration(handler: unknown): void {
    if (typeof handler !== 'function') throw new TypeError('The handler is not a function.');
    if (this.sealed) {
      throw new TypeError(
        'Handlers must be registered before the first request: move this to where the receiver is created.',
      );
    }
  }

  /**
   * Runs every handler for this type in order of registration, each after the one before has ended.
   * All run, even if one fails; then throws `handler_failed`. Returns how many ran.
   *
   * @param type - The type as verified. A schema may have changed `event`.
   * @param timeoutMs - For all of them together; then throws `handler_timeout`.
   * @param onLateEnd - Called when they have ended after that.
   * @param handoff - Run instead of all of them.
   */
  run(
    type: WebhookEvent['event'],
    event: unknown,
    context: RequestContext,
    timeoutMs?: number,
    onLateEnd?: () => unknown,
    handoff?: Handler<never>,
  ): Promise<number> {
    const running = this.runAll(type, event, context, handoff);
    if (timeoutMs === undefined) return running;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const timeout = new WebhookError(
          'handler_timeout',
          `The ${handoff ? 'hand-off' : 'handlers'} for ${type} took longer than ${timeoutMs} ms.`,
        );
        context.expire(timeout);
        void this.report(timeout, event, context);
        reject(timeout);
        void running.then(onLateEnd, onLateEnd);
      }, timeoutMs);
      running.then(resolve, reject).finally(() => {
        clearTimeout(timer);
      });
    });
  }

  private async runAll(
    type: WebhookEvent['event'],
    event: unknown,
    context: RequestContext,
    handoff: Handler<never> | undefined,
  ): Promise<number> {
    const failures: WebhookError[] = [];
    let ran = 0;
    const registrations = handoff ? [{ wants: () => true, handler: handoff }] : this.registrations;
    for (const { wants, handler } of registrations) {
      if (!wants(type)) continue;
      if (context.expired) break;
      ran += 1;
      try {
        const pending = handler(event as never, context);
        // A handler that returns nothing has ended; a turn of the queue for it would be for nothing.
        if (pending !== undefined) {
          context.onWait?.();
          await (pending as Promise<unknown>);
        }
        // Nobody knows whether it has the event.
        else if (handoff) throw new TypeError('handoff returned no promise.');
      } catch (cause) {
        failures.push(
          new WebhookError('handler_failed', `The ${handoff ? 'hand-off' : 'handler'} for ${type} failed.`, {
            cause,
          }),
        );
      }
    }
    if (context.expired || failures.length === 0) return ran;
    for (const failure of failures) await this.report(failure, event, context);
    throw failures[0] as WebhookError;
  }

  /** Tells the error handlers. What they throw cannot make things worse: the answer is a failure already. */
  async report(error: WebhookError, event: unknown, context: HandlerContext): Promise<void> {
    for (const handler of this.errorHandlers) {
      try {
        await handler(error, event as never, context);
      } catch {
        // Nobody is left to tell.
      }
    }
  }
}
