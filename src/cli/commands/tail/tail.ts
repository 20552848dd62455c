import { wait } from '../../abort.js';
import { ApiError } from '../../api-client.js';
import { CliError, exitCodes } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { connectEmulator, defaultEmulatorUrl } from '../../emulator-client.js';
import { expandEvents } from '../../events.js';
import { formatWait } from '../../format.js';
import { createStyle, toJsonLine } from '../../style.js';
import { parseTargetUrl } from '../../target-url.js';
import { formatDelivery, toDeliveryLine } from './lines.js';
import { DeliveryWatcher, type Json } from './watcher.js';

/** The options of `tail`. */
export interface TailOptions {
  readonly url?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly event?: string | undefined;
  readonly status?: string | undefined;
  readonly allowPrivateNetwork?: boolean | undefined;
  readonly json?: boolean | undefined;
}

const pollMs = 1_000;
/** The API's default quota allows 600 requests a minute. This uses half of it. */
const pollMsPerCall = 200;
const maxBackoffMs = 30_000;

function createFilter({ event, status }: TailOptions): (delivery: Json) => boolean {
  const events = event === undefined ? ['*'] : expandEvents(event, ['ping']);
  return (delivery) =>
    (events.includes('*') || events.includes(String(delivery.event))) &&
    (status === undefined || delivery.status === status);
}

/** Turns a rejection that waiting does not fix into the end of the command, and returns any other error. */
function checkRejection(error: unknown, { endpoint }: TailOptions): ApiError {
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 401 || error.status === 403) {
    throw new CliError(`The server rejects the API key: ${error.message}`, exitCodes.unavailable);
  }
  if (error.status === 404) {
    const message =
      endpoint === undefined
        ? 'The server has no API for webhooks below /api/webhooks. Check --url.'
        : 'The account has no endpoint with the id of --endpoint.';
    throw new CliError(message, exitCodes.unavailable);
  }
  return error;
}

/** Polls until it succeeds or Ctrl-C is pressed, less and less often. */
async function pollPatiently(
  { stderr, signal }: CliContext,
  watcher: DeliveryWatcher,
  options: TailOptions,
): Promise<readonly Json[]> {
  for (let backoffMs = pollMs * 2; ; backoffMs = Math.min(maxBackoffMs, backoffMs * 2)) {
    try {
      const changes = await watcher.poll();
      if (backoffMs > pollMs * 2) stderr.write('Connected again.\n');
      return changes;
    } catch (error) {
      const { message, retryAfterMs = 0 } = checkRejection(error, options);
      const delayMs = Math.max(backoffMs, retryAfterMs);
      stderr.write(
        `The server does not answer as expected (${message}). Trying again in ${formatWait(delayMs)}.\n`,
      );
      await wait(delayMs, signal);
      if (signal.aborted) return [];
    }
  }
}

async function firstPoll(watcher: DeliveryWatcher, url: string, options: TailOptions): Promise<void> {
  try {
    await watcher.poll();
  } catch (error) {
    const { message } = checkRejection(error, options);
    throw new CliError(`The API at ${url} cannot be used: ${message}`, exitCodes.unavailable);
  }
}

/** Follows deliveries until Ctrl-C. */
export async function runTail(context: CliContext, options: TailOptions): Promise<void> {
  const { stdout, stderr, signal } = context;
  const address = parseTargetUrl(
    '--url',
    options.url ?? defaultEmulatorUrl,
    options.allowPrivateNetwork === true,
  ).replace(/\/+$/, '');
  const isWanted = createFilter(options);
  if (options.apiKey !== undefined && !/^[\x21-\x7e]+$/.test(options.apiKey)) {
    throw new CliError('--api-key has characters other than visible ASCII. Pass the key as it was issued.');
  }
  const apiKey = options.apiKey ?? (await connectEmulator(address, signal)).apiKey;
  const watcher = new DeliveryWatcher({
    url: address,
    apiKey,
    endpointId: options.endpoint,
    isWanted,
    signal,
  });
  await firstPoll(watcher, address, options);
  stderr.write(`Following the deliveries at ${address}. Ctrl-C ends.\n`);
  const style = createStyle(context);
  for (;;) {
    await wait(Math.max(pollMs, (watcher.endpoints + 1) * pollMsPerCall), signal);
    if (signal.aborted) return;
    for (const delivery of await pollPatiently(context, watcher, options)) {
      const line =
        options.json === true
          ? toJsonLine(toDeliveryLine(delivery))
          : formatDelivery(delivery, style, Date.now());
      stdout.write(`${line}\n`);
    }
  }
}
