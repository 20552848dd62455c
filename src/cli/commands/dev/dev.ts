import type { Emulator } from '../../../emulator/types.js';
import { whenAborted } from '../../abort.js';
import { CliError, exitCodes } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { withProgress } from '../../progress.js';
import { createStyle, toJsonLine, type Style } from '../../style.js';
import { createKeyActions } from './actions.js';
import { endedAttempt, formatAttempt, formatHeld, toAttemptJson, toHeldJson } from './attempt-lines.js';
import { prepareEndpoint, type ForwardedEndpoint } from './endpoints.js';
import { Keys, keysHelp, readKeys } from './keys.js';
import { openEmulator, type OpenOptions } from './open-emulator.js';
import { Screen } from './screen.js';
import { chooseSecret, findGivenSecret, toEnvLine, type SigningSecret } from './signing-secret.js';
import { parseTargets, type Target } from './targets.js';

/** The options of `dev`. */
export interface DevOptions extends OpenOptions {
  readonly forwardTo?: readonly string[] | undefined;
  readonly events?: string | undefined;
  readonly secret?: string | undefined;
  readonly printSecret?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** The parts of a running `dev`. */
interface Session {
  readonly context: CliContext;
  readonly options: DevOptions;
  readonly emulator: Emulator;
  readonly targets: readonly Target[];
  readonly screen: Screen;
  readonly style: Style;
}

function announceSecret(
  { context, options, screen, targets }: Session,
  { secret, source }: SigningSecret,
): void {
  if (options.printSecret === true) {
    context.stdout.write(`${toEnvLine(secret)}\n`);
  } else if (options.json === true) {
    screen.line(toJsonLine({ type: 'secret', secret, source }));
  } else if (targets.length === 0) {
    screen.line('No endpoint yet: add one on the dashboard, or start again with --forward-to URL.');
  } else if (source === '.env' || source === 'the environment') {
    screen.line(`Signing with HOSTWARES_WEBHOOK_SECRET of ${source}.`);
  } else {
    screen.line(`Put this line into the .env of your receiver:\n${toEnvLine(secret)}`);
  }
}

function announceEndpoint({ options, screen }: Session, { endpoint, state }: ForwardedEndpoint): void {
  const { id, url, events } = endpoint;
  if (options.json === true) {
    screen.line(toJsonLine({ type: 'endpoint', id, url, events, state }));
    return;
  }
  const names = events.includes('*') ? 'all events' : events.join(', ');
  const remark = {
    created: '',
    reused: ' (endpoint of the database)',
    enabled: ' (endpoint of the database, was disabled; its held deliveries wait on the dashboard)',
  }[state];
  screen.line(`Forwarding ${names} to ${url}${remark}`);
}

/** Prints one line per event that is held because its endpoint is disabled. */
function reportHeld({ emulator, options, screen, style }: Session): void {
  emulator.onDelivery(({ delivery, attempt }) => {
    const isHeldFromTheStart = delivery.status === 'held' && delivery.attempts === 0 && !attempt;
    if (!isHeldFromTheStart) return;
    screen.line(options.json === true ? toJsonLine(toHeldJson(delivery)) : formatHeld(delivery, style));
  });
}

/** Prints one line per attempt that ends. */
function reportAttempts({ emulator, options, screen, style, targets }: Session): void {
  emulator.onDelivery((change) => {
    const ended = endedAttempt(change);
    if (!ended) return;
    const text =
      options.json === true
        ? toJsonLine(toAttemptJson(ended))
        : formatAttempt(ended, style, targets.length !== 1);
    screen.line(text);
  });
}

async function prepareEndpoints(session: Session, secret: string): Promise<void> {
  const { context, emulator, targets } = session;
  const prepared = Promise.all(targets.map((target) => prepareEndpoint(emulator, target, secret)));
  for (const endpoint of await withProgress(context, 'Waiting for the response to the ping', prepared)) {
    announceEndpoint(session, endpoint);
  }
}

/** Waits for Ctrl-C, and in a terminal for the key that quits. */
async function waitForEnd({ context, emulator, options, screen, style }: Session): Promise<void> {
  const { stdin, stdout, signal } = context;
  if (stdin.isTTY !== true || stdout.isTTY !== true || options.json === true) {
    await whenAborted(signal);
    return;
  }
  screen.line(style.dim(keysHelp));
  const keys = new Keys(screen, createKeyActions({ emulator, screen, style }));
  const end = await Promise.race([readKeys(stdin, keys), whenAborted(signal)]);
  if (end === 'interrupt') throw new CliError('', exitCodes.interrupted);
  if (end === 'end') await whenAborted(signal);
}

async function run(session: Session, given: ReturnType<typeof findGivenSecret>): Promise<void> {
  const { context, emulator, options, screen, style, targets } = session;
  const address =
    options.json === true
      ? toJsonLine({ type: 'started', url: emulator.url, api_key: emulator.apiKey })
      : `Dashboard  ${style.bold(emulator.url)}`;
  screen.line(address);
  const chosen = await chooseSecret(emulator, targets, given);
  announceSecret(session, chosen);
  reportHeld(session);
  reportAttempts(session);
  const preparing = prepareEndpoints(session, chosen.secret);
  // Stopping the emulator breaks off a ping, and nobody waits for it any more.
  preparing.catch(() => undefined);
  await Promise.race([preparing, whenAborted(context.signal)]);
  if (!context.signal.aborted) await waitForEnd(session);
}

/** Runs the emulator until Ctrl-C. */
export async function runDev(context: CliContext, options: DevOptions): Promise<void> {
  const targets = parseTargets(options.forwardTo ?? [], options.events, options.allowPrivateNetwork === true);
  const given = findGivenSecret(context, options.secret);
  const output = options.printSecret === true ? context.stderr : context.stdout;
  const emulator = await openEmulator(context, options);
  const screen = new Screen(output);
  try {
    await run({ context, options, emulator, targets, screen, style: createStyle(context, output) }, given);
  } finally {
    screen.endPrompt();
    await emulator.stop();
  }
}
