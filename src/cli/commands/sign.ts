import { Command } from 'commander';
import { isWebhookError } from '../../errors.js';
import { parseEvent } from '../../events/parse.js';
import { signPayload } from '../../signing/signature.js';
import type { CliContext } from '../context.js';
import { readInput, type Input } from '../input.js';
import { requireSecret } from '../secret.js';
import { parseTargetUrl } from '../target-url.js';

interface SignOptions {
  readonly secret?: string | undefined;
  readonly url: string;
  readonly json?: boolean | undefined;
}

const help = `
The signature covers the exact bytes of the body, the line break at its end included. Send it with the curl command that
is printed, or with --data-binary: curl's -d removes line breaks.

Examples:
  $ hostwares-webhooks sign body.json --secret whsec_...
  $ cat body.json | hostwares-webhooks sign --json

Exit codes: 0 signed, 2 no secret or no input, 3 the file cannot be read.`;

/** Quotes text for a POSIX shell. */
function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Returns the command that sends the body with its headers. */
function toCurlCommand(url: string, headers: Readonly<Record<string, string>>, file: string): string {
  const lines = [
    `curl ${quoteForShell(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoteForShell(`${name}: ${value}`)}`),
    `--data-binary ${quoteForShell(`@${file}`)}`,
  ];
  return lines.join(' \\\n  ');
}

/** Warns of a body that no receiver accepts, however well it is signed. */
function warnOfBody({ stderr }: CliContext, { bytes, name }: Input): void {
  try {
    parseEvent(bytes);
  } catch (error) {
    if (!isWebhookError(error)) throw error;
    stderr.write(`${name} is signed, but a receiver rejects it: ${error.code} (${error.message})\n`);
  }
}

async function runSign(context: CliContext, file: string | undefined, options: SignOptions): Promise<void> {
  const secret = requireSecret(context, options.secret);
  // Nothing is sent, so every host is allowed.
  const url = parseTargetUrl('--url', options.url, true);
  const input = await readInput(context, file);
  warnOfBody(context, input);
  const headers = {
    'Content-Type': 'application/json',
    'X-Hostwares-Signature': await signPayload(input.bytes, secret),
    'X-Hostwares-Timestamp': String(Math.floor(Date.now() / 1000)),
  };
  const curl = toCurlCommand(url, headers, file ?? '-');
  if (options.json === true) {
    context.stdout.write(`${JSON.stringify({ headers, curl })}\n`);
    return;
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  context.stdout.write(`${lines.join('\n')}\n\n${curl}\n`);
}

/** Creates the command `sign`. */
export function signCommand(context: CliContext): Command {
  return new Command('sign')
    .summary('print the headers that sign a body')
    .description('Signs a body as the platform does. Prints the headers, and a curl command that sends them.')
    .argument('[file]', 'file with the body; - or a pipe for standard input')
    .option('--secret <secret>', 'else HOSTWARES_WEBHOOK_SECRET of the environment or .env')
    .option('--url <url>', 'URL of the curl command', 'http://localhost:3000/webhooks/hostwares')
    .option('--json', 'print a JSON object with headers and curl')
    .addHelpText('after', help)
    .action((file: string | undefined, options: SignOptions) => runSign(context, file, options));
}
