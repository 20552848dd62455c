import { notProven } from '../outcomes.js';
import type { Effects } from '../effects.js';
import type { CheckContext, Outcome } from '../types.js';

/** Returns the effects if a probe works, otherwise undefined. */
export function provable(context: CheckContext): Effects | undefined {
  return context.stateOf('probe') === 'pass' ? context.effects : undefined;
}

/** The outcome if a check has seen nothing wrong but has no probe to prove it. */
export function unproven({ effects }: CheckContext, seen: string): Outcome {
  return notProven(
    `${seen} ${effects ? 'The probe does not work' : 'Without --probe'}, nothing proves more.`,
  );
}

/** The type of the events whose effect is counted. */
export const effectType = ({ effects }: CheckContext): string => effects?.type ?? 'deployment.completed';
