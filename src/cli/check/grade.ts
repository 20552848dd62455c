import type { CheckRun } from './run-checks.js';
import type { CheckState } from './types.js';

export type Grade = 'A' | 'B' | 'C' | 'D' | 'F';

/** The meaning of each grade. A run gets the worst one that applies. */
export const gradeMeanings: Readonly<Record<Grade, string>> = {
  A: 'everything was proven, and nothing is wrong',
  B: 'nothing failed, but there are warnings, or no probe has proven the effects',
  C: 'something failed that harms no event',
  D: 'an event can be lost or handled twice',
  F: 'forged requests are accepted, a secret leaks, or no genuine event is accepted',
};

/** Grades a run. Checks that only some runs have, such as those of `--only`, count like any other. */
export function gradeOf({ results, hasProbe }: CheckRun): Grade {
  const failed = results.filter(({ state }) => state === 'fail');
  if (failed.some(({ severity, group }) => severity === 'critical' || group === 'reach')) return 'F';
  if (failed.some(({ severity }) => severity === 'major')) return 'D';
  if (failed.length > 0) return 'C';
  return results.some(({ state }) => state === 'warn') || !hasProbe ? 'B' : 'A';
}

/** Counts the results of each state. */
export function countStates({ results }: CheckRun): Record<CheckState, number> {
  const counts: Record<CheckState, number> = { pass: 0, fail: 0, warn: 0, 'not-proven': 0, skipped: 0 };
  for (const { state } of results) counts[state] += 1;
  return counts;
}
