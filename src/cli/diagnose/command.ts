import { Command, InvalidArgumentError, Option } from 'commander';
import { defaultToleranceSeconds } from '../../verify/verify.js';
import { CliError, exitCodes } from '../cli-error.js';
import type { CliContext } from '../context.js';
import { readInput } from '../input.js';
import { findSecret, readEnvVariables, secretVariable } from '../secret.js';
import { createStyle, escapeControls, truncate } from '../style.js';
import { maxCaptureBytes, type Capture } from './capture.js';
import { diagnose, type DiagnoseOptions } from './diagnose.js';
import { readCapture } from './read-capture.js';
import { createRedactor } from './redact.js';
import { formatFinding, toJsonReport, type Finding } from './report.js';

interface Flags {
  readonly secret?: readonly string[];
  readonly show?: boolean;
  readonly json?: boolean;
  readonly at?: number;
  readonly tolerance: number;
}

/** The longest message about a capture, in characters. */
const maxErrorLength = 300;

/** How many requests of one capture are diagnosed. */
const maxRequests = 20;

function parseTime(text: string): number {
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1000;
  if (/^\d{13}$/.test(text)) return Number(text);
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (Number.isFinite(ms)) return ms;
  throw new InvalidArgumentError('Expected ISO 8601 (2026-01-31T12:00:00Z) or Unix seconds.');
}

function parseTolerance(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected whole seconds, 0 or more.');
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Finds the secrets: every `--secret`, else the one of the environment or of `.env`. */
function findSecrets(context: CliContext, flags: readonly string[]): DiagnoseOptions['secrets'] {
  if (flags.length === 0) {
    const found = findSecret(context, undefined);
    if (found) return [{ name: `the secret of ${found.source}`, secret: found.secret }];
    throw new CliError(`No secret. Pass --secret, or set ${secretVariable} in the environment or in .env.`);
  }
  return flags.map((flag, at) => {
    findSecret(context, flag);
    return { name: flags.length === 1 ? 'the secret' : `secret ${at + 1} of ${flags.length}`, secret: flag };
  });
}

/** Reads the capture. Its errors quote names from the capture, so they are cleaned too. */
async function read(
  context: CliContext,
  file: string | undefined,
  clean: (text: string) => string,
): Promise<readonly Capture[]> {
  const { bytes } = await readInput(context, file, maxCaptureBytes);
  try {
    return await readCapture(context, bytes);
  } catch (error) {
    if (error instanceof CliError)
      throw new CliError(truncate(clean(error.message), maxErrorLength), error.exitCode);
    throw error;
  }
}

async function run(context: CliContext, file: string | undefined, flags: Flags): Promise<void> {
  const secrets = findSecrets(context, flags.secret ?? []);
  const variables = { ...readEnvVariables(context.cwd), ...context.env };
  const redact = createRedactor([
    ...secrets.map(({ secret }) => secret),
    ...Object.values(variables).filter(isLikelySecret),
  ]);
  const isShown = flags.show === true;
  const clean = isShown ? escapeControls : redact;
  const all = await read(context, file, redact);
  const captures = all.slice(0, maxRequests);
  const options = {
    secrets,
    variables,
    atMs: flags.at,
    nowMs: Date.now(),
    toleranceSeconds: flags.tolerance,
  };
  const findings: Finding[] = [];
  for (const capture of captures) {
    if (context.signal.aborted) return;
    findings.push({ capture, diagnosis: await diagnose(capture, options) });
  }
  if (flags.json === true) context.stdout.write(`${toJsonReport(findings, clean, isShown)}\n`);
  else writeText(context, findings, { clean, isShown });
  if (all.length > captures.length) {
    context.stderr.write(
      `Only the first ${maxRequests} of ${all.length} webhooks in the capture were diagnosed.\n`,
    );
  }
  if (findings.some(({ diagnosis }) => diagnosis.causes.length > 0)) throw new CliError('', exitCodes.failed);
}

function isLikelySecret(value: string | undefined): value is string {
  return value?.startsWith('whsec_') === true;
}

function writeText(
  context: CliContext,
  findings: readonly Finding[],
  { clean, isShown }: { clean: (text: string) => string; isShown: boolean },
): void {
  const style = createStyle(context);
  const texts = findings.map((finding) => {
    const shown = isShown ? finding.diagnosis.confidential.map((line) => `\n  ${clean(line)}`) : [];
    return `${formatFinding(finding, style, clean)}${shown.join('')}\n`;
  });
  context.stdout.write(texts.join('\n'));
}

const help = `
A capture is a request as raw HTTP, a HAR file, a curl command, or a JSON object with headers and body.

Examples:
  $ hostwares-webhooks diagnose request.txt --secret "$HOSTWARES_WEBHOOK_SECRET"
  $ pbpaste | hostwares-webhooks diagnose          # a curl command, the secret of .env
  $ hostwares-webhooks diagnose session.har --json

Exit codes: 0 the request is genuine, 1 a cause was found, 2 the capture cannot be read.`;

/** Creates the command that says why a captured request is rejected. */
export function diagnoseCommand(context: CliContext): Command {
  return new Command('diagnose')
    .description('Say why a captured request is rejected. Prints no secret and no signature.')
    .argument('[file]', 'the capture; - or nothing for standard input')
    .addOption(new Option('--secret <secret>', 'a signing secret, any number of times').argParser(collect))
    .option('--show', 'also print the secrets and the signatures')
    .option('--json', 'print JSON')
    .option('--at <time>', 'the time at which the request arrived, ISO 8601 or Unix seconds', parseTime)
    .option(
      '--tolerance <seconds>',
      'the tolerance of the timestamp',
      parseTolerance,
      defaultToleranceSeconds,
    )
    .addHelpText('after', help)
    .action((file: string | undefined, flags: Flags) => run(context, file, flags));
}
