import { setMaxListeners } from 'node:events';
import { packageVersion } from '../../sender/version.js';
import { allChecks } from './checks/index.js';
import { createEffects } from './effects.js';
import { createEndpointClient, RateLimitedError, RunStoppedError } from './endpoint-client.js';
import { createEventFactory } from './events.js';
import { notProven, skip } from './outcomes.js';
import { ProbeError, type Probe } from './probe.js';
import { createRandom } from './random.js';
import { createRunLog, type RunLog } from './run-log.js';
import type { Timings } from './timings.js';
import type { Check, CheckContext, CheckResult, Outcome } from './types.js';

const defaultTimings: Timings = {
  responseMs: 15_000,
  slowMs: 5_000,
  dripMs: 100,
  unfinishedMs: 20_000,
  settleMs: 3_000,
  quietMs: 300,
  pollMs: 100,
};

export interface RunOptions {
  readonly url: URL;
  readonly secret: string;
  readonly seed: number;
  readonly probe?: Probe | undefined;
  /** Ids and groups of checks. Checks that these require run too. Default: all. */
  readonly only?: readonly string[] | undefined;
  readonly timings?: Partial<Timings> | undefined;
  /** The clock of timestamps, in milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
  readonly signal: AbortSignal;
  /** Called before each check. */
  readonly onProgress?: ((title: string, position: number, count: number) => void) | undefined;
}

/** The results of a run, in the order of the checks. */
export interface CheckRun {
  readonly url: URL;
  readonly seed: number;
  readonly hasProbe: boolean;
  /** False if no connection could be made. */
  readonly isReachable: boolean;
  readonly durationMs: number;
  readonly results: readonly CheckResult[];
}

/** Returns the chosen checks and those that they require, in their order. */
function selectChecks(only: readonly string[] | undefined, hasProbe: boolean): readonly Check[] {
  if (!only) return allChecks;
  const chosen = new Set<string>();
  const choose = ({ id, requires = [] }: Check): void => {
    chosen.add(id);
    for (const check of allChecks) if (requires.includes(check.id)) choose(check);
  };
  for (const check of allChecks) {
    const isNeeded = check.group === 'reach' || (hasProbe && check.id === 'probe');
    if (isNeeded || only.includes(check.id) || only.includes(check.group)) choose(check);
  }
  return allChecks.filter(({ id }) => chosen.has(id));
}

/** Why no further check runs, if one has ended the run. */
interface Progress {
  readonly results: Map<string, CheckResult>;
  stopReason: string | undefined;
}

/** Turns an exception of a check into its outcome. */
function toOutcome(error: unknown, progress: Progress, log: RunLog): Outcome {
  if (error instanceof RunStoppedError) {
    log.stopped = error.message;
    progress.stopReason = '`stays-available` failed, so nothing else can be judged.';
    return notProven('The run ended in this check: see `stays-available`.');
  }
  if (error instanceof RateLimitedError) return notProven(`${error.message} Lift the limit for this check.`);
  if (error instanceof ProbeError) return notProven(error.message);
  throw error;
}

async function runCheck(check: Check, context: CheckContext, progress: Progress): Promise<CheckResult> {
  const { id, group, title, why, fix, severity } = check;
  const startedMs = performance.now();
  const outcome = await check.run(context).catch((error: unknown) => toOutcome(error, progress, context.log));
  const durationMs = Math.round(performance.now() - startedMs);
  return { id, group, title, why, fix, severity, durationMs, ...outcome };
}

/** Returns the reason why a check says nothing after what failed before, if there is one. */
function findSkipReason(
  { requires = [], runsAfterStop = false }: Check,
  { results, stopReason }: Progress,
): string | undefined {
  if (stopReason !== undefined && !runsAfterStop) return stopReason;
  const failed = requires.find((id) => ['fail', 'skipped'].includes(results.get(id)?.state ?? ''));
  return failed === undefined ? undefined : `\`${failed}\` did not pass.`;
}

/** Runs the checks of a list one after the other. Background checks are started at once. */
async function runList(
  checks: readonly Check[],
  context: CheckContext,
  progress: Progress,
  onCheck: (check: Check) => void,
): Promise<void> {
  const background = new Map<string, Promise<CheckResult>>();
  for (const check of checks) {
    if (check.isBackground) background.set(check.id, runCheck(check, context, progress));
  }
  for (const check of checks) {
    onCheck(check);
    const reason = findSkipReason(check, progress);
    const { id, group, title, why, fix, severity } = check;
    const result =
      reason === undefined
        ? await (background.get(id) ?? runCheck(check, context, progress))
        : { id, group, title, why, fix, severity, durationMs: 0, ...skip(reason) };
    progress.results.set(id, result);
  }
}

function createContext(options: RunOptions, progress: Progress): CheckContext {
  const { url, secret, seed, probe, signal, now = Date.now } = options;
  const timings = { ...defaultTimings, ...options.timings };
  const random = createRandom(seed);
  const log = createRunLog();
  const userAgent = `Hostwares-Webhooks-Check/${packageVersion}`;
  const { responseMs } = timings;
  return {
    client: createEndpointClient({ url, secret, userAgent, now, responseMs, log, signal }),
    events: createEventFactory(random, now),
    random,
    log,
    timings,
    effects: probe && createEffects(probe, timings),
    stateOf: (id) => progress.results.get(id)?.state,
  };
}

/**
 * Checks an endpoint from outside, as the platform and as an attacker.
 *
 * @throws Error with the name `AbortError` if the signal fires
 */
export async function runChecks(options: RunOptions): Promise<CheckRun> {
  const { url, seed, probe, only, signal, onProgress } = options;
  const startedMs = performance.now();
  // Each request in flight listens, and 20 are sent at once.
  setMaxListeners(0, signal);
  const progress: Progress = { results: new Map(), stopReason: undefined };
  const context = createContext(options, progress);
  const checks = selectChecks(only, probe !== undefined);
  let position = 0;
  const onCheck = ({ title }: Check): void => {
    signal.throwIfAborted();
    position += 1;
    onProgress?.(title, position, checks.length);
  };

  // Thirty consequences of a wrong secret help nobody, so the first failure here ends the run.
  for (const check of checks.filter(({ group }) => group === 'reach')) {
    await runList([check], context, progress, onCheck);
    if (progress.results.get(check.id)?.state === 'fail') {
      progress.stopReason ??= `\`${check.id}\` failed, so nothing else can be judged.`;
    }
  }
  const rest = checks.filter(({ group }) => group !== 'reach');
  const hasStopped = progress.stopReason !== undefined;
  await runList(
    hasStopped ? rest.map(({ isBackground, ...check }) => check) : rest,
    context,
    progress,
    onCheck,
  );
  signal.throwIfAborted();
  return {
    url,
    seed,
    hasProbe: probe !== undefined,
    isReachable: progress.results.get('reachable')?.state === 'pass',
    durationMs: Math.round(performance.now() - startedMs),
    results: [...progress.results.values()],
  };
}
