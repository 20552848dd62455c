// A real process on SQLite, killed at random moments under load: what it was promised to deliver is delivered.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const kills = Number(process.env.CRASH_KILLS ?? 10);
const maxInFlight = 64;
const victim = fileURLToPath(new URL('victim.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hostwares-crash-'));

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
  rmSync(folder, { recursive: true });
});

interface Line {
  published?: string;
  delivery?: string;
  status: string;
  log: [string, number][];
  error?: string;
}

/** Runs the victim; kills it after so long, or lets it drain. Gives what it said. */
async function run(name: string, killAfterMs?: number): Promise<Line[]> {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const args = [
    victim,
    join(folder, 'webhooks.db'),
    url,
    name,
    ...(killAfterMs === undefined ? ['drain'] : []),
  ];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const lines: Line[] = [];
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    // The last one may be cut in two by the kill.
    if (line.endsWith('}')) lines.push(JSON.parse(line) as Line);
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  expect(complaints).toBe('');
  expect(killAfterMs === undefined ? code : signal).toBe(killAfterMs === undefined ? 0 : 'SIGKILL');
  return lines;
}

it(`nothing that was published is lost over ${kills} kills, and duplicates are what was in flight`, async () => {
  const promised = new Set<string>();
  const errors: string[] = [];
  for (let each = 0; each < kills; each += 1) {
    for (const { published, error } of await run(String(each), 60 + Math.random() * 240)) {
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
