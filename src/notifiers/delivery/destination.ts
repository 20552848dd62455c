import type { Failure } from './http.js';
import { createFifoMutex, type FifoMutex } from './queue.js';

/** The time until which a provider wants no post, and the response that said so. */
export interface Pause {
  readonly untilMs: number;
  readonly failure: Failure;
}

/** One webhook or key: its messages are posted one at a time, and none during a pause. */
export interface Destination {
  readonly queue: FifoMutex;
  pause?: Pause;
}

/** A secret that is a function can have any number of values; the newest this many are remembered. */
const maxDestinations = 1_000;

/** Finds the destination of a secret, and makes it if it is new. */
export function createDestinations(): (secret: string) => Destination {
  const destinations = new Map<string, Destination>();
  return (secret) => {
    const known = destinations.get(secret);
    if (known) return known;
    const destination = { queue: createFifoMutex() };
    destinations.set(secret, destination);
    const [oldest] = destinations.keys();
    if (destinations.size > maxDestinations && oldest !== undefined) destinations.delete(oldest);
    return destination;
  };
}
