import { eventTypes, isEventType } from '../events/types.js';
import type { AnyHandler, Registration } from './registration.js';
import type { Report } from './report.js';

/** The handlers of a receiver. */
export interface HandlerRegistry {
  /** All registrations, in order. */
  readonly registrations: readonly Registration[];
  /** Registers a handler for named types. Throws `TypeError` for a name that is not an event type. */
  on(types: unknown, handler: AnyHandler): void;
  register(types: Registration['types'], handler: Registration['handler']): void;
  /** Called before each request. Registrations after the first call are late; resolves when they are merged. */
  seal(): Promise<void> | undefined;
  forType(type: string): readonly AnyHandler[];
}

function isDevelopment(): boolean {
  const { process } = globalThis as { process?: { env?: { NODE_ENV?: string } } };
  // Servers that reload modules in place set it to development, test runners to test.
  return (process?.env?.NODE_ENV ?? 'production') !== 'production';
}

export function createHandlerRegistry(report: Report): HandlerRegistry {
  const registrations: Registration[] = [];
  const late: Registration[] = [];
  let sealed = false;

  function register(types: Registration['types'], handler: Registration['handler']): void {
    if (typeof handler !== 'function') throw new TypeError('The handler must be a function.');
    if (sealed && !isDevelopment()) {
      throw new TypeError('Register handlers before the first request.');
    }
    (sealed ? late : registrations).push({ types, handler });
  }

  return {
    registrations,
    register,
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
    seal() {
      sealed = true;
      return late.length === 0
        ? undefined
        : import('./reload.js').then(({ mergeLate }) => {
            mergeLate(registrations, late.splice(0), report);
          });
    },
    forType(type) {
      const selected = registrations.filter(({ types }) => types[0] === '*' || types.includes(type));
      return selected.map(({ handler }) => handler as AnyHandler);
    },
  };
}
