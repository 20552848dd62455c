// Random operations in random order: the guarantees of section 4 of the contract hold for each of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countFor } from '../../support/long.js';
import { stores } from '../../support/sender-stores.js';
import { history, playClockSteps } from './clock-model.js';
import { operation, playLifecycle } from './lifecycle-model.js';

const runs = countFor('MODEL_RUNS', { short: 200, long: 10_000 });
/** Batches have seeds and time limits of their own, so that a long run shows its progress. */
const batches = Array.from({ length: Math.ceil(runs / 10_000) }, (_, each) => ({
  number: each + 1,
  size: Math.min(10_000, runs - each * 10_000),
}));
const timeoutMs = 1_200_000;

describe.each(batches)('batch $number', ({ size }) => {
  it(
    'a delivery has at most six attempts, none early and none after a success, and every store behaves the same',
    async () => {
      const property = fc.asyncProperty(
        fc.array(operation, { minLength: 5, maxLength: 40 }),
        async (operations) => {
          const traces: (readonly string[])[] = [];
          for (const { open } of stores) traces.push(await playLifecycle(open(), operations));
          // After a jump in time, the delay of a timer depends on the speed of the store.
          if (operations.some((each) => each.do === 'jump')) return;
          for (const trace of traces) expect(trace).toEqual(traces[0]);
        },
      );
      await fc.assert(property, { numRuns: size });
    },
    timeoutMs,
  );

  it.each(stores)(
    'a sender on the $name store sends nothing twice, early or more than 30 s late if the wall clock is set',
    async ({ open }) => {
      const property = fc.asyncProperty(history, (operations) => playClockSteps(open(), operations));
      await fc.assert(property, { numRuns: Math.ceil(size / 10) });
    },
    timeoutMs,
  );
});
