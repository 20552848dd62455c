import type { HandlerContext, RequestContext } from './context.js';
import { WebhookError } from '../errors.js';
import { eventTypes, isEventType, type WebhookEvent } from '../events/types.js';
import type { AnyHandler, Registration } from './registration.js';
import type { Reporter } from './report.js';
import type { ErrorHandler } from './types.js';
import { withTimeout } from '../shared/with-timeout.js';

/** How long the response waits for `onError`, in milliseconds. */
const errorHandlerMs = 1_000;

interface RunOptions {
  /** For all handlers together; then `run` rejects with `handler_timeout`. */
  readonly timeoutMs: number;
  /** Called when handlers that were timed out have ended. */
  readonly onLateEnd: () => unknown;
  /** Runs instead of all handlers. */
  readonly handoff: AnyHandler | undefined;
}

/** The handlers of a receiver, and how they are run. */
export interface HandlerRegistry {
  on(types: unknown, handler: AnyHandler): void;
  register(types: Registration['types'], handler: Registration['handler']): void;
  /** Called before each request: from now on a registration is late. Resolves when the late ones are merged. */
  seal(): Promise<void> | undefined;
  readonly registrations: readonly Registration[];
  /**
   * Runs every handler for this type in order of registration, each after its predecessor has ended.
   * All run, even if one fails; then it rejects with `handler_failed`. Returns how many ran.
   *
   * @param type - The type as verified.
   */
  run(type: string, event: unknown, context: RequestContext, options?: RunOptions): Promise<number>;
  /** Calls the error handlers, and waits for them briefly: a logger that hangs must not hold up the response. */
  tellFailure(error: WebhookError, event: unknown, context: HandlerContext): Promise<void>;
}

function isDevelopment(): boolean {
  const { process } = globalThis as { process?: { env?: { NODE_ENV?: string } } };
  // Servers that reload modules in place set it to development, test runners to test.
  return (process?.env?.NODE_ENV ?? 'production') !== 'production';
}

/** @param report - Tells the logger. */
export function createHandlerRegistry(report: (tell: (to: Reporter) => void) => unknown): HandlerRegistry {
  const registrations: Registration[] = [];
  const late: Registration[] = [];
  let sealed = false;

  function register(types: Registration['types'], handler: Registration['handler']): void {
    if (typeof handler !== 'function') throw new TypeError('The handler is no function.');
    if (sealed && !isDevelopment()) {
      throw new TypeError('Register handlers before the first request, where the receiver is created.');
    }
    (sealed ? late : registrations).push({ types, handler });
  }

  async function runAll(
    selected: readonly AnyHandler[],
    event: unknown,
    context: RequestContext,
    what: string,
  ): Promise<number> {
    const failures: WebhookError[] = [];
    let ran = 0;
    for (const handler of selected) {
      if (context.expired) break;
      ran += 1;
      try {
        const pending = handler(event as never, context);
        // A handler that returns nothing has ended; waiting a turn of the microtask queue for it gains nothing.
        if (pending !== undefined) {
          context.wait();
          await (pending as Promise<unknown>);
        }
      } catch (cause) {
        failures.push(new WebhookError('handler_failed', `The ${what} failed.`, { cause }));
      }
    }
    const [first] = failures;
    if (context.expired || !first) return ran;
    await Promise.all(failures.map((failure) => tellFailure(failure, event, context)));
    throw first;
  }

  async function tellFailure(error: WebhookError, event: unknown, context: HandlerContext): Promise<void> {
    const errorHandlers = registrations.filter(({ types }) => types.length === 0);
    if (errorHandlers.length === 0) {
      await report((to) => {
        to.failed(error, event as WebhookEvent);
      });
    }
    await Promise.all(
      errorHandlers.map(async ({ handler }) => {
        try {
          const pending = (handler as ErrorHandler<never>)(
            error,
            event as never,
            context,
          ) as Promise<unknown>;
          await withTimeout(pending, errorHandlerMs, error.code, 'onError');
        } catch {
          // Documented: nothing that onError throws changes the response, which is a failure already.
        }
      }),
    );
  }

  return {
    on(types, handler) {
      const names = (Array.isArray(types) ? types : [types]) as unknown[];
      const wrong = names.filter((name) => !isEventType(name) && name !== 'ping');
      if (wrong.length > 0 || names.length === 0) {
        throw new TypeError(
          `receiver.on: ${JSON.stringify(wrong[0] ?? names)} is not one of ${eventTypes.join(', ')}, ping.`,
        );
      }
      register(names, handler);
    },
    register,
    seal() {
      sealed = true;
      return late.length === 0
        ? undefined
        : import('./reload.js').then(({ mergeLate }) => {
            mergeLate(registrations, late.splice(0), report);
          });
    },
    registrations,
    run(type, event, context, options) {
      const handoff = options?.handoff;
      const what = `${handoff ? 'hand-off' : 'handler'} for ${type}`;
      const handlers = registrations.filter(({ types }) => types[0] === '*' || types.includes(type));
      const selected = handoff
        ? // Without a promise nobody knows whether the queue has the event.
          [
            (given: never) =>
              handoff(given, context) ?? Promise.reject(new TypeError('handoff returned no promise.')),
          ]
        : handlers.map(({ handler }) => handler as AnyHandler);
      const running = runAll(selected, event, context, what);
      // Handlers that returned no promise have ended by now, and need no timer.
      if (!options || !context.waits) return running;
      const { timeoutMs, onLateEnd } = options;
      return withTimeout(running, timeoutMs, 'handler_timeout', what, (timeout) => {
        context.expire(timeout);
        void tellFailure(timeout, event, context);
        void running.then(onLateEnd, onLateEnd);
      });
    },
    tellFailure,
  };
}
