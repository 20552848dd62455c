import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { CliError, exitCodes } from '../cli-error.js';
import type { CliContext } from '../context.js';
import { nearest } from '../nearest.js';
import { requireSecret } from '../secret.js';
import { createStyle } from '../style.js';
import { allChecks } from './checks/index.js';
import { toJUnitXml } from './junit.js';
import { createCommandProbe, createUrlProbe, type Probe } from './probe.js';
import { maxSeed } from './random.js';
import { toJsonReport, toReport } from './report.js';
import { runChecks, type CheckRun } from './run-checks.js';
import { parseTarget } from './target.js';
import { groups } from './types.js';

interface CheckFlags {
  readonly secret?: string;
  readonly probe?: string;
  readonly iOwnThisHost?: boolean;
  readonly seed?: number;
  readonly json?: boolean;
  readonly junit?: string;
  readonly only?: readonly string[];
}

const help = `
Only endpoints on this machine are checked, unless you say that the host is yours.

The probe tells how many side effects an event has had. It proves that duplicates and retries have no second effect.
  A URL is asked with ?event_id=…, and answers 1 or {"count": 1}.
  A command finds the id in HOSTWARES_EVENT_ID, and prints the same.

Groups for --only: ${groups.join(', ')}

Exit codes: 0 nothing failed, 1 something failed, 2 wrong usage, 3 the endpoint cannot be reached.

Examples:
  $ hostwares-webhooks check http://localhost:3000/webhooks/hostwares
  $ hostwares-webhooks check http://localhost:3000/webhooks/hostwares --probe http://localhost:3000/test/effects
  $ hostwares-webhooks check http://localhost:3000/webhooks/hostwares --probe 'psql -At -v id="$HOSTWARES_EVENT_ID" -f count.sql'
  $ hostwares-webhooks check http://localhost:3000/webhooks/hostwares --json --junit check.xml
  $ hostwares-webhooks check http://localhost:3000/webhooks/hostwares --only duplicates headers`;

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^\d{1,10}$/.test(text) && seed <= maxSeed) return seed;
  throw new InvalidArgumentError(`Expected an integer from 0 to ${maxSeed}.`);
}

function collectName(text: string, previous: readonly string[] = []): string[] {
  const names: readonly string[] = [...groups, ...allChecks.map(({ id }) => id)];
  if (names.includes(text)) return [...previous, text];
  const similar = nearest(text, names);
  throw new InvalidArgumentError(
    `Expected the id of a check or a group, as in the report.${similar === undefined ? '' : ` Did you mean ${similar}?`}`,
  );
}

function createProbe(context: CliContext, { probe, iOwnThisHost = false }: CheckFlags): Probe | undefined {
  if (probe === undefined) return undefined;
  const { signal, cwd, env } = context;
  if (/^https?:\/\//i.test(probe)) return createUrlProbe(parseTarget(probe, '--probe', iOwnThisHost), signal);
  if (probe.trim() === '') throw new CliError('--probe is blank. Give a URL or a command.');
  return createCommandProbe(probe, { cwd, env, signal });
}

async function writeJUnit({ cwd }: CliContext, file: string, run: CheckRun): Promise<void> {
  try {
    await writeFile(resolve(cwd, file), toJUnitXml(run));
  } catch (error) {
    throw new CliError(
      `--junit ${file} cannot be written: ${(error as Error).message}`,
      exitCodes.unavailable,
    );
  }
}

/** Shows on one line of a terminal which check is running. */
function createProgressLine({ stderr }: CliContext) {
  const clear = '\r\x1b[K';
  return {
    show: (title: string, position: number, count: number): void => {
      if (stderr.isTTY === true) stderr.write(`${clear}${position}/${count} ${title}`);
    },
    end: (): void => {
      if (stderr.isTTY === true) stderr.write(clear);
    },
  };
}

async function check(context: CliContext, target: string, flags: CheckFlags): Promise<void> {
  const url = parseTarget(target, 'The URL', flags.iOwnThisHost === true);
  const secret = requireSecret(context, flags.secret);
  const probe = createProbe(context, flags);
  const { signal } = context;
  const progress = createProgressLine(context);
  let run: CheckRun;
  try {
    const { only, seed = randomInt(maxSeed) } = flags;
    run = await runChecks({ url, secret, seed, probe, only, signal, onProgress: progress.show });
  } catch (error) {
    if (signal.aborted) throw new CliError('', exitCodes.interrupted);
    throw error;
  } finally {
    progress.end();
  }
  context.stdout.write(flags.json === true ? toJsonReport(run) : toReport(run, createStyle(context)));
  if (flags.junit !== undefined) await writeJUnit(context, flags.junit, run);
  if (!run.isReachable) throw new CliError('', exitCodes.unavailable);
  if (run.results.some(({ state }) => state === 'fail')) throw new CliError('', exitCodes.failed);
}

/** The command `check`: tests a live endpoint from outside. */
export function checkCommand(context: CliContext): Command {
  return new Command('check')
    .summary('test your endpoint from outside')
    .description(
      'Tests a live endpoint from outside, as the platform and as an attacker, and prints a report card.',
    )
    .argument('<url>', 'the endpoint, such as http://localhost:3000/webhooks/hostwares')
    .option('--secret <secret>', 'the signing secret (default: HOSTWARES_WEBHOOK_SECRET, also from .env)')
    .option('--probe <url|command>', 'tells how many side effects an event has had')
    .option('--i-own-this-host', 'check an endpoint that is not on this machine')
    .option('--seed <n>', 'repeat a run: the same ids, order and random bytes', parseSeed)
    .option('--json', 'print the report as JSON')
    .option('--junit <file>', 'also write the report as JUnit XML')
    .option('--only <name...>', 'run only these checks or groups, and those that they need', collectName)
    .addHelpText('after', help)
    .action((url: string, flags: CheckFlags) => check(context, url, flags));
}
