import type { Effects } from './effects.js';
import type { EndpointClient } from './endpoint-client.js';
import type { EventFactory } from './events.js';
import type { Random } from './random.js';
import type { RunLog } from './run-log.js';
import type { Timings } from './timings.js';

/** The result of a check. `not-proven`: nothing wrong was seen, but the requirement cannot be observed. */
export type CheckState = 'pass' | 'fail' | 'warn' | 'not-proven' | 'skipped';

/**
 * The damage of a failure. `critical`: a forged request is accepted, or a secret leaks. `major`: an event is lost or handled
 * twice. `minor`: no event is harmed.
 */
type Severity = 'critical' | 'major' | 'minor';

/** The result of one check. */
export interface Outcome {
  readonly state: CheckState;
  /** The observation, in one or two sentences. Plain text, which may quote the endpoint. */
  readonly detail: string;
}

export const groups = [
  'reach',
  'genuine',
  'exact-bytes',
  'forged',
  'headers',
  'time',
  'probe',
  'duplicates',
  'bodies',
  'http',
  'summary',
] as const;

/** The part of the report that a check belongs to. */
export type Group = (typeof groups)[number];

/** One requirement of an endpoint. */
export interface Check {
  readonly id: string;
  readonly group: Group;
  /** The requirement, with the endpoint as the subject: `rejects a changed body`. */
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  readonly severity: Severity;
  /** Ids of checks without which this one says nothing. If one of them fails, this one is skipped. */
  readonly requires?: readonly string[];
  /** Runs beside the checks after it, because it mostly waits. */
  readonly isBackground?: boolean;
  /** Runs although the endpoint is gone, because it sends nothing. */
  readonly runsAfterStop?: boolean;
  run(context: CheckContext): Promise<Outcome>;
}

/** A check and its outcome. */
export interface CheckResult
  extends Omit<Check, 'run' | 'requires' | 'isBackground' | 'runsAfterStop'>, Outcome {
  readonly durationMs: number;
}

/** The parts of a run that checks use. */
export interface CheckContext {
  readonly client: EndpointClient;
  readonly events: EventFactory;
  readonly random: Random;
  readonly log: RunLog;
  readonly timings: Timings;
  /** Undefined without `--probe`. */
  readonly effects: Effects | undefined;
  /** The state of an earlier check of this run. */
  stateOf(id: string): CheckState | undefined;
}
