import type { HandlerContext } from './context.js';
import type { ErrorHandler } from './types.js';

/** A handler of any type, as it is stored. */
export type AnyHandler = (event: never, context: HandlerContext) => unknown;

/** A handler, and what it is for. */
export interface Registration {
  /** The types it was registered for: names, `*` for all, or nothing for failures. */
  readonly types: readonly unknown[];
  readonly handler: AnyHandler | ErrorHandler<never>;
}

/** Tells whether no event can reach a handler. */
export function isUnhandled(registrations: readonly Registration[]): boolean {
  return registrations.every(({ types }) => types.length === 0);
}
