// A real process on SQLite, killed at random moments under load: what it was promised to deliver is delivered.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countFor } from '../../support/long.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const kills = countFor('CRASH_KILLS', { short: 5, long: 200 });
const maxInFlight = 64;
const victim = fileURLToPath(new URL('victim.mjs', import.meta.url));
const folder = temporaryFolder();

/** How often each event arrived. */
const arrived = new Map<string, number>();
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { id, event } = JSON.parse(Buffer.concat(chunks).toString()) as { id: string; event: string };
    if (event !== 'ping') arrived.set(id, (arrived.get(id) ?? 0) + 1);
    // Some answers are on their way when the kill comes.
    if (arrived.size % 7 === 0) setTimeout(() => response.end(), 5);
    else response.end();
  });
});

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterAll(() => {
  receiver.closeAllConnections();
  receiver.close();
});

interface Line {
  published?: string;
  delivery?: string;
  status: string;
  log: [string, number][];
  error?: string;
}

interface Kill {
  /** Since it was started, for what happens at the start; or since its first promise, however slow the machine is. */
  since: 'start' | 'promise';
  afterMs: number;
}

/** Runs the victim; kills it, or lets it drain. Gives what it said. */
async function run(name: string, kill?: Kill): Promise<Line[]> {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const args = [victim, join(folder, 'webhooks.db'), url, name, ...(kill ? [] : ['drain'])];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const lines: Line[] = [];
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  let isDoomed = false;
  const doom = (since: Kill['since']) => {
    if (isDoomed || kill?.since !== since) return;
    isDoomed = true;
    setTimeout(() => child.kill('SIGKILL'), kill.afterMs);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    // The last one may be cut in two by the kill.
    if (!line.endsWith('}')) return;
    const said = JSON.parse(line) as Line;
    lines.push(said);
    if (said.published !== undefined) doom('promise');
  });
  doom('start');
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(complaints).toBe('');
  expect(kill ? signal : code).toBe(kill ? 'SIGKILL' : 0);
  return lines;
}

it(`nothing that was published is lost over ${kills} kills, and duplicates are what was in flight`, async () => {
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
    const doubtful = log.filter(([outcome]) => outcome === 'unknown');
    for (const [, endedAtMs] of doubtful) unknownAt.set(endedAtMs, (unknownAt.get(endedAtMs) ?? 0) + 1);
    unknown += doubtful.length;
    duplicates += times - 1;
    const last = log.at(-1)?.[0];
    const right =
      status === 'succeeded' &&
      last === 'success' &&
      log.length === doubtful.length + 1 &&
      times >= 1 &&
      times <= log.length;
    if (!right) wrong.push({ delivery, status, log, times });
  }
  expect(wrong).toEqual([]);
  expect([...promised].filter((id) => !known.has(id))).toEqual([]);
  expect([...arrived.keys()].filter((id) => !known.has(id))).toEqual([]);
  expect(duplicates).toBeLessThanOrEqual(unknown);
  expect(Math.max(0, ...unknownAt.values())).toBeLessThanOrEqual(maxInFlight);
  expect(errors).toEqual([]);
  // It was under load, and was hit.
  expect(promised.size).toBeGreaterThan(kills * 5);
  if (kills >= 10) expect(unknown).toBeGreaterThan(0);
  console.log(
    `${kills} kills: ${promised.size} promised, ${deliveries.length} published, all delivered; ` +
      `${unknown} attempts of unknown outcome, ${duplicates} duplicates`,
  );
}, 1_200_000);
