import type { HandlerContext } from './context.js';
import type { ErrorHandler } from './types.js';

/** A handler of any type, as it is stored. */
export type AnyHandler = (event: never, context: HandlerContext) => unknown;

/** A handler, and the types it is registered for. */
export interface Registration {
  /** Names of types, `*` for all of them, or empty for failures. */
  readonly types: readonly unknown[];
  readonly handler: AnyHandler | ErrorHandler<never>;
}

/** Tells whether there is no handler for any event. */
export function isUnhandled(registrations: readonly Registration[]): boolean {
  return registrations.every(({ types }) => types.length === 0);
}
