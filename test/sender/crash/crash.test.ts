// A process on SQLite is killed at random moments under load. Every event that it acknowledged is delivered.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { close, listen } from '../../support/http-server.js';
import { countFor } from '../../support/long.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const kills = countFor('CRASH_KILLS', { short: 5, long: 200 });
const maxInFlight = 64;
const victim = fileURLToPath(new URL('victim.mjs', import.meta.url));
const folder = temporaryFolder();

/** The number of times each event arrived. */
const arrived = new Map<string, number>();
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { id, event } = JSON.parse(Buffer.concat(chunks).toString()) as { id: string; event: string };
    if (event !== 'ping') arrived.set(id, (arrived.get(id) ?? 0) + 1);
    // Delays some responses, so that they are in flight when the process is killed.
    if (arrived.size % 7 === 0) setTimeout(() => response.end(), 5);
    else response.end();
  });
});

let url: string;
beforeAll(async () => {
  url = `${await listen(receiver)}/`;
});
afterAll(() => close(receiver));

interface Line {
  published?: string;
  delivery?: string;
  status: string;
  log: [string, number][];
  error?: string;
}

interface Kill {
  /** `start` hits the start-up; `promise`, the first acknowledged event, hits the load on a machine of any speed. */
  since: 'start' | 'promise';
  afterMs: number;
}

/** Runs the victim until it is killed or has drained. Returns its output. */
async function run(name: string, kill?: Kill): Promise<Line[]> {
  const args = [victim, join(folder, 'webhooks.db'), url, name, ...(kill ? [] : ['drain'])];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const lines: Line[] = [];
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  let isScheduled = false;
  const scheduleKill = (since: Kill['since']) => {
    if (isScheduled || kill?.since !== since) return;
    isScheduled = true;
    setTimeout(() => child.kill('SIGKILL'), kill.afterMs);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    // The kill may truncate the last line.
    if (!line.endsWith('}')) return;
    const parsed = JSON.parse(line) as Line;
    lines.push(parsed);
    if (parsed.published !== undefined) scheduleKill('promise');
  });
  scheduleKill('start');
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(stderr).toBe('');
  expect(kill ? signal : code).toBe(kill ? 'SIGKILL' : 0);
  return lines;
}

it(`the sender loses no event over ${kills} kills, and duplicates only events in flight`, async () => {
  const promised = new Set<string>();
  const errors: string[] = [];
  for (let each = 0; each < kills; each += 1) {
    const kill: Kill =
      each % 2 === 0
        ? { since: 'start', afterMs: 60 + Math.random() * 240 }
        : { since: 'promise', afterMs: Math.random() * 200 };
    for (const { published, error } of await run(String(each), kill)) {
      if (published !== undefined) promised.add(published);
      if (error !== undefined) errors.push(error);
    }
  }
  const deliveries = (await run('drain')).filter(({ delivery }) => delivery !== undefined);
  const unknownAt = new Map<number, number>();
  let duplicates = 0;
  let unknown = 0;
  const wrong: unknown[] = [];
  const known = new Set<string>();
  for (const { delivery = '', status, log } of deliveries) {
    known.add(delivery);
    const times = arrived.get(delivery) ?? 0;
    const unknownAttempts = log.filter(([outcome]) => outcome === 'unknown');
    for (const [, endedAtMs] of unknownAttempts)
      unknownAt.set(endedAtMs, (unknownAt.get(endedAtMs) ?? 0) + 1);
    unknown += unknownAttempts.length;
    duplicates += times - 1;
    const last = log.at(-1)?.[0];
    const isCorrect =
      status === 'succeeded' &&
      last === 'success' &&
      log.length === unknownAttempts.length + 1 &&
      times >= 1 &&
      times <= log.length;
    if (!isCorrect) wrong.push({ delivery, status, log, times });
  }
  expect(wrong).toEqual([]);
  expect([...promised].filter((id) => !known.has(id))).toEqual([]);
  expect([...arrived.keys()].filter((id) => !known.has(id))).toEqual([]);
  expect(duplicates).toBeLessThanOrEqual(unknown);
  expect(Math.max(0, ...unknownAt.values())).toBeLessThanOrEqual(maxInFlight);
  expect(errors).toEqual([]);
  // The process was under load, and kills hit attempts in flight.
  expect(promised.size).toBeGreaterThan(kills * 5);
  if (kills >= 10) expect(unknown).toBeGreaterThan(0);
  console.log(
    `${kills} kills: ${promised.size} promised, ${deliveries.length} published, all delivered; ` +
      `${unknown} attempts of unknown outcome, ${duplicates} duplicates`,
  );
}, 1_200_000);
