import { Command } from 'commander';
import { isWebhookError, type WebhookError } from '../../errors.js';
import { signatureMatches } from '../../signing/signature.js';
import { verifyWebhook } from '../../verify/verify.js';
import { CliError, exitCodes } from '../cli-error.js';
import type { CliContext } from '../context.js';
import { readInput } from '../input.js';
import { requireSecret } from '../secret.js';
import { createStyle, escapeControls, toJsonLine } from '../style.js';

interface VerifyOptions {
  readonly signature?: string | undefined;
  readonly timestamp?: string | undefined;
  readonly secret?: string | undefined;
  readonly json?: boolean | undefined;
}

const help = `
Checks what a receiver checks: the form of the headers, the signature over the exact bytes, and the event. The timestamp
is checked only if it is given, and must be within 300 s of now.

Examples:
  $ hostwares-webhooks verify body.json --signature sha256=... --secret whsec_...
  $ cat body.json | hostwares-webhooks verify --signature sha256=... --timestamp 1767225600

Exit codes: 0 a receiver accepts it, 1 a receiver rejects it, 2 no secret or no input, 3 the file cannot be read.`;

/** The verdict about a request. */
interface Verdict {
  readonly ok: boolean;
  /** The receiver's code; null if it accepts the request. */
  readonly code: string | null;
  readonly message: string;
  readonly hint: string | null;
}

/** An expired timestamp is reported before the signature is looked at, and people want to know about both. */
async function explainRejection(error: WebhookError, isGenuine: () => Promise<boolean>): Promise<Verdict> {
  const { code, message, hint = null } = error;
  const isUnchecked = code === 'timestamp_outside_tolerance' || code === 'malformed_timestamp';
  const addition = isUnchecked
    ? `The signature ${(await isGenuine()) ? 'matches' : 'does not match either'}.`
    : null;
  const parts = [hint, addition].filter((part) => part !== null);
  return { ok: false, code, message, hint: parts.length === 0 ? null : parts.join(' ') };
}

/** The headers and the secret that a body is verified with. */
interface Signed {
  readonly signature: string;
  readonly timestamp: string | undefined;
  readonly secret: string;
}

async function verify(body: Uint8Array, { signature, timestamp, secret }: Signed): Promise<Verdict> {
  const headers = {
    'x-hostwares-signature': signature,
    ...(timestamp !== undefined && { 'x-hostwares-timestamp': timestamp }),
  };
  const toleranceSeconds = timestamp === undefined ? (false as const) : undefined;
  try {
    const event = await verifyWebhook({ body, headers }, { secret, toleranceSeconds });
    const name = event.event === 'unknown' ? event.type : event.event;
    return { ok: true, code: null, message: `The signature matches: ${name}, ${event.id}.`, hint: null };
  } catch (error) {
    if (!isWebhookError(error)) throw error;
    return explainRejection(error, () => signatureMatches(body, signature, secret));
  }
}

async function runVerify(
  context: CliContext,
  file: string | undefined,
  options: VerifyOptions,
): Promise<void> {
  const { signature, timestamp } = options;
  if (signature === undefined) {
    throw new CliError('Pass the value of the X-Hostwares-Signature header: --signature sha256=...');
  }
  const secret = requireSecret(context, options.secret);
  const { bytes } = await readInput(context, file);
  const verdict = await verify(bytes, { signature, timestamp, secret });
  const { ok, code, message, hint } = verdict;
  const style = createStyle(context);
  if (options.json === true) {
    context.stdout.write(`${toJsonLine(verdict)}\n`);
  } else {
    const title = ok ? style.green('ok') : style.red(code ?? 'rejected');
    const lines = [`${title}  ${escapeControls(message)}`, ...(hint === null ? [] : [escapeControls(hint)])];
    context.stdout.write(`${lines.join('\n')}\n`);
  }
  if (!ok) throw new CliError('', exitCodes.failed);
}

/** Creates the command `verify`. */
export function verifyCommand(context: CliContext): Command {
  return (
    new Command('verify')
      .summary('check the signature of a body')
      .description('Verifies a body with its headers as a receiver does, and says what is wrong.')
      .argument('[file]', 'file with the body; - or a pipe for standard input')
      // Not a required option: commander would complain of its absence before a misspelt flag.
      .option('--signature <value>', 'value of the X-Hostwares-Signature header')
      .option('--timestamp <seconds>', 'value of the X-Hostwares-Timestamp header')
      .option('--secret <secret>', 'else HOSTWARES_WEBHOOK_SECRET of the environment or .env')
      .option('--json', 'print a JSON object')
      .addHelpText('after', help)
      .action((file: string | undefined, options: VerifyOptions) => runVerify(context, file, options))
  );
}
