import { eventTypes, isEventType } from '../../../events/types.js';
import { wait } from '../../abort.js';
import { ApiError } from '../../api-client.js';
import { CliError, exitCodes } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { connectEmulator, defaultEmulatorUrl, parseServerUrl } from '../../emulator-client.js';
import { suggestEvent } from '../../events.js';
import { formatCount } from '../../format.js';
import { readInput } from '../../input.js';
import { withProgress } from '../../progress.js';
import { requireSecret } from '../../secret.js';
import { createStyle, escapeControls, toJsonLine, truncate } from '../../style.js';
import { parseTargetUrl } from '../../target-url.js';
import { parseAssignment } from './assignments.js';
import { createEvent, parseData, type EventSource } from './event-input.js';
import { formatResult, toResultJson, type SendEvent, type TriggerResult } from './result.js';
import { createDirectSender } from './send-direct.js';
import { createEmulatorSender } from './send-through-emulator.js';

/** The options of `trigger`. */
export interface TriggerOptions {
  readonly to?: string | undefined;
  readonly secret?: string | undefined;
  readonly set?: readonly string[] | undefined;
  readonly data?: string | undefined;
  readonly count: number;
  readonly rate?: number | undefined;
  readonly port?: number | undefined;
  readonly url?: string | undefined;
  readonly allowPrivateNetwork?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** The most events in flight at once with `--rate`. */
const maxInFlight = 50;

function listNames(name: string, options: TriggerOptions, { stderr }: CliContext): readonly string[] {
  if (name === 'all') {
    if (options.data === undefined) return eventTypes;
    throw new CliError('--data describes one event, and all are twelve. Name the event.');
  }
  if (name === 'ping' && options.to === undefined) {
    throw new CliError('The emulator sends pings on its dashboard. To send one to a URL, pass --to URL.');
  }
  if (!isEventType(name) && name !== 'ping') {
    const shown = escapeControls(truncate(name, 80));
    stderr.write(
      `${shown} is not one of the twelve event types, and is sent as an unknown one. ${suggestEvent(name)}\n`,
    );
  }
  return [name];
}

async function createSource(context: CliContext, { data, set = [] }: TriggerOptions): Promise<EventSource> {
  const assignments = set.map(parseAssignment);
  return { given: data === undefined ? undefined : parseData(await readInput(context, data)), assignments };
}

/** Sends events one after the other, or at a rate per second. Stops if the signal is aborted. */
async function sendAll(
  events: Iterable<Record<string, unknown>>,
  send: (event: Record<string, unknown>) => Promise<void>,
  rate: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  const startedMs = performance.now();
  let sent = 0;
  for (const event of events) {
    if (rate !== undefined) await wait(startedMs + (sent * 1000) / rate - performance.now(), signal);
    if (signal.aborted) break;
    sent += 1;
    const sending: Promise<void> = send(event).finally(() => inFlight.delete(sending));
    inFlight.add(sending);
    if (rate === undefined || inFlight.size >= maxInFlight) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
}

function* createEvents(names: readonly string[], source: EventSource, count: number) {
  for (let round = 0; round < count; round += 1) {
    for (const name of names) yield createEvent(name, source);
  }
}

async function openSender(
  context: CliContext,
  options: TriggerOptions,
): Promise<{ send: SendEvent; close?: () => Promise<void> }> {
  const { to, url, port, allowPrivateNetwork = false } = options;
  if (to !== undefined) {
    const target = parseTargetUrl('--to', to, allowPrivateNetwork);
    return createDirectSender(target, requireSecret(context, options.secret));
  }
  const address = port === undefined ? (url ?? defaultEmulatorUrl) : `http://127.0.0.1:${port}`;
  const emulator = await connectEmulator(parseServerUrl(address), context.signal);
  return { send: createEmulatorSender(emulator, context.signal) };
}

/** Sends events and prints the result of each. Fails if any of them failed. */
export async function runTrigger(context: CliContext, name: string, options: TriggerOptions): Promise<void> {
  const { stdout, stderr, signal } = context;
  const names = listNames(name, options, context);
  const source = await createSource(context, options);
  const { send, close } = await openSender(context, options);
  signal.addEventListener('abort', () => void close?.());
  const style = createStyle(context);
  const counts = { ok: 0, failed: 0 };
  const report = (result: TriggerResult): void => {
    if (signal.aborted) return;
    counts[result.isSuccess ? 'ok' : 'failed'] += 1;
    const line = options.json === true ? toJsonLine(toResultJson(result)) : formatResult(result, style);
    stdout.write(`${line}\n`);
  };
  try {
    const events = createEvents(names, source, options.count);
    await sendAll(
      events,
      async (event) => {
        (
          await withProgress(context, `Waiting for the response to ${String(event.event)}`, send(event))
        ).forEach(report);
      },
      options.rate,
      signal,
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new CliError(`The emulator does not answer any more: ${error.message}`, exitCodes.unavailable);
  } finally {
    await close?.();
  }
  const total = counts.ok + counts.failed;
  if (total > 1)
    stderr.write(`${formatCount(total, 'request', 'requests')}: ${counts.ok} ok, ${counts.failed} failed\n`);
  if (counts.failed > 0) throw new CliError('', exitCodes.failed);
}
