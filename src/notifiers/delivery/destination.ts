import type { Failure } from './http.js';
import { createFifoMutex, type FifoMutex } from './queue.js';

/** The time until which nothing is posted, and the response that asked for it. */
export interface Pause {
  readonly untilMs: number;
  readonly failure: Failure;
}

/** The state of one webhook or key: its messages are posted one at a time, and none during a pause. */
export interface Destination {
  readonly queue: FifoMutex;
  pause?: Pause;
}

/** Returns a function that finds the destination of a secret. A secret that is a function may return one webhook per tenant. */
export function createDestinations(): (secret: string) => Destination {
  const destinations = new Map<string, Destination>();
  return (secret) => {
    const destination = destinations.get(secret) ?? { queue: createFifoMutex() };
    destinations.set(secret, destination);
    return destination;
  };
}
