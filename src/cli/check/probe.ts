import { spawn } from 'node:child_process';
import process from 'node:process';
import { describeStatus, quoteBody } from './describe-exchange.js';
import { exchange } from './request.js';

const timeoutMs = 10_000;
const maxOutputBytes = 4_096;

/** Something of the user's that knows how many side effects an event has had. */
export interface Probe {
  /** @throws ProbeError if it gives no number */
  count(eventId: string): Promise<number>;
  /** Asks that the next handling of the event fails. Resolves to false if the probe cannot arrange that. */
  failNext(eventId: string): Promise<boolean>;
}

/** The probe gave no usable answer. */
export class ProbeError extends Error {}

interface Answer {
  readonly count: number;
  readonly fail_next?: unknown;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseAnswer(text: string): Answer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Reported below.
  }
  if (isCount(value)) return { count: value };
  if (typeof value === 'object' && value !== null && 'count' in value && isCount(value.count)) {
    return value as Answer;
  }
  throw new ProbeError(
    `The probe answered${quoteBody(text) || ' nothing'}. Expected a number, or {"count": 1}.`,
  );
}

type Ask = (eventId: string, failNext: boolean) => Promise<string>;

function createProbe(ask: Ask): Probe {
  return {
    count: async (eventId) => parseAnswer(await ask(eventId, false)).count,
    failNext: async (eventId) => parseAnswer(await ask(eventId, true)).fail_next === true,
  };
}

/** Creates a probe that asks `GET <url>?event_id=…`, with `&fail_next=1` to make the next handling fail. */
export function createUrlProbe(url: URL, signal: AbortSignal): Probe {
  return createProbe(async (eventId, failNext) => {
    const target = new URL(url);
    target.searchParams.set('event_id', eventId);
    if (failNext) target.searchParams.set('fail_next', '1');
    const request = { method: 'GET', headers: [], body: new Uint8Array(), timeoutMs };
    const end = await exchange(target, request, signal);
    if (end.kind === 'response' && end.status === 200) return end.body;
    throw new ProbeError(`The probe answered ${describeStatus(end)}. Expected 200 with a number.`);
  });
}

export interface CommandProbeOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Creates a probe that runs a shell command. The event's id is in its environment only, as `HOSTWARES_EVENT_ID`, so that
 * no shell parses it. `HOSTWARES_FAIL_NEXT=1` asks that the next handling fails.
 */
export function createCommandProbe(command: string, { cwd, env, signal }: CommandProbeOptions): Probe {
  const run: Ask = (eventId, failNext) =>
    new Promise((resolve, reject) => {
      const child = spawn(command, {
        shell: true,
        cwd,
        env: { ...env, HOSTWARES_EVENT_ID: eventId, ...(failNext && { HOSTWARES_FAIL_NEXT: '1' }) },
        stdio: ['ignore', 'pipe', 'ignore'],
        // A group of its own, so that the timeout also ends what the shell has started.
        detached: process.platform !== 'win32',
      });
      let output = '';
      const kill = (): void => {
        try {
          if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL');
          else child.kill('SIGKILL');
        } catch {
          // It has ended meanwhile.
        }
      };
      const timer = setTimeout(kill, timeoutMs);
      signal.addEventListener('abort', kill);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (output.length < maxOutputBytes) output += text.slice(0, maxOutputBytes);
      });
      child.on('error', (error) => {
        reject(new ProbeError(`The probe command could not be started: ${error.message}`));
      });
      child.on('close', (code) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', kill);
        if (code === 0) resolve(output.trim());
        else if (code === null) reject(new ProbeError(`The probe command took longer than ${timeoutMs} ms.`));
        else
          reject(new ProbeError(`The probe command ended with exit code ${code}. Expected 0 and a number.`));
      });
    });
  return createProbe(run);
}
