import type { Clock } from './clock.js';
import type { SenderStore } from './stores/contract.js';
import type { Sender } from './types.js';

/** What the API uses of a sender and its users do not need. */
export const internals = new WeakMap<Sender, { readonly store: SenderStore; readonly clock: Clock }>();
