import type { Style } from '../style.js';
import { allChecks } from './checks/index.js';
import { countStates, gradeMeanings, gradeOf, type Grade } from './grade.js';
import type { CheckRun } from './run-checks.js';
import { groups, type CheckResult, type CheckState, type Group } from './types.js';

const groupTitles: Readonly<Record<Group, string>> = {
  reach: 'Reach',
  genuine: 'Genuine events',
  'exact-bytes': 'Exact bytes',
  forged: 'Forged requests',
  headers: 'Signature header',
  time: 'Time',
  probe: 'Effects',
  duplicates: 'Duplicates and retries',
  bodies: 'Bodies',
  http: 'HTTP',
  summary: 'All requests together',
};

const docsUrl = 'https://github.com/hostwares/webhooks/blob/main/docs/check.md';

const labels: Readonly<Record<CheckState, string>> = {
  pass: 'pass',
  fail: 'FAIL',
  warn: 'warn',
  'not-proven': 'not proven',
  skipped: 'skipped',
};

/** The URL without its query, which may hold a token. */
function toShownUrl({ origin, pathname }: URL): string {
  return origin + pathname;
}

function paint(state: CheckState, style: Style): (text: string) => string {
  const paints = {
    pass: style.green,
    fail: style.red,
    warn: style.yellow,
    'not-proven': style.cyan,
    skipped: style.dim,
  };
  return paints[state];
}

function writeResult({ id, title, state, detail, why, fix }: CheckResult, style: Style): string[] {
  const label = paint(state, style)(labels[state].padEnd(10));
  const indent = ' '.repeat(14);
  const lines = [`  ${label}  ${title} ${style.dim(`[${id}]`)}`, indent + detail];
  return state === 'not-proven' ? lines : [...lines, `${indent}Why: ${why}`, `${indent}Fix: ${fix}`];
}

/** Names the skipped checks of a group, those with the same reason on one line. */
function writeSkipped(results: readonly CheckResult[], style: Style): string[] {
  const idsByReason = new Map<string, string[]>();
  for (const { state, id, detail } of results) {
    if (state === 'skipped') idsByReason.set(detail, [...(idsByReason.get(detail) ?? []), id]);
  }
  return [...idsByReason].map(([reason, ids]) => style.dim(`  skipped     ${ids.join(', ')}: ${reason}`));
}

function writeGroup(group: Group, run: CheckRun, style: Style): string[] {
  const results = run.results.filter((result) => result.group === group);
  if (results.length === 0) return [];
  const passed = results.filter(({ state }) => state === 'pass').length;
  const noted = results.filter(({ state }) => state !== 'pass' && state !== 'skipped');
  const count = `${passed} of ${results.length} passed`;
  return [
    `${style.bold(groupTitles[group].padEnd(24))}${passed === results.length ? style.green(count) : count}`,
    ...noted.flatMap((result) => writeResult(result, style)),
    ...writeSkipped(results, style),
  ];
}

const isSkippedAsWhole = ({ results }: CheckRun): boolean =>
  results.some(({ group, state }) => group === 'reach' && state === 'fail');

function describeGrade(run: CheckRun, grade: Grade): string {
  if (isSkippedAsWhole(run)) return 'no genuine event was accepted, so nothing else could be judged';
  const isPart = run.results.length < allChecks.length;
  const part = isPart ? ` (only ${run.results.length} of ${allChecks.length} checks were chosen)` : '';
  return gradeMeanings[grade] + part;
}

function writeGrade(run: CheckRun, style: Style): string {
  const grade = gradeOf(run);
  const paintGrade = { A: style.green, B: style.yellow, C: style.yellow, D: style.red, F: style.red }[grade];
  return `${style.bold('Grade')} ${style.bold(paintGrade(grade))}: ${describeGrade(run, grade)}.`;
}

/** Writes the report card for people. */
export function toReport(run: CheckRun, style: Style): string {
  const counts = countStates(run);
  const shown = isSkippedAsWhole(run)
    ? { ...run, results: run.results.filter(({ group }) => group === 'reach') }
    : run;
  const hidden = run.results.length - shown.results.length;
  const summary = (Object.keys(labels) as CheckState[])
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state === 'not-proven' ? 'not proven' : state}`);
  return [
    `Checked ${toShownUrl(run.url)}`,
    '',
    ...groups.flatMap((group) => writeGroup(group, shown, style)),
    ...(hidden > 0
      ? ['', `${hidden} more checks were skipped: they need an endpoint that accepts a genuine event.`]
      : []),
    '',
    writeGrade(run, style),
    `${summary.join(', ')} in ${(run.durationMs / 1_000).toFixed(1)} s. Repeat this run with --seed ${run.seed}.`,
    ...(run.hasProbe ? [] : [`With --probe, duplicates and retries are proven too: ${docsUrl}`]),
    '',
  ].join('\n');
}

/** Writes the report for programs. */
export function toJsonReport(run: CheckRun): string {
  const { seed, hasProbe, isReachable, durationMs, results } = run;
  const report = {
    url: toShownUrl(run.url),
    seed,
    hasProbe,
    isReachable,
    grade: gradeOf(run),
    counts: countStates(run),
    durationMs,
    results,
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}
