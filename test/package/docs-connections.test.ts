// Programs of README, docs/ and examples/ that connect to a server, while the connection is cut and restored. They run on the build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import pg from 'pg';
import ts from 'typescript';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';
import { openCuttableProxy } from '../support/cuttable-proxy.js';
import { isLong } from '../support/long.js';
import { hasPostgres, hasRedis, postgresUrl, redisUrl } from '../support/services.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const secret = 'whsec_of_the_docs_test';
const areThere = (await hasPostgres()) && (await hasRedis());

/** Returns the programs of a page as [file name, code], as in test/package/docs.test.ts. */
function programsOf(page: string): [string, string][] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, name, code]) => [name!, code!]);
}

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const examples = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
  .map((name): [string, string] => [`examples/${name}`, readFileSync(join(root, 'examples', name), 'utf8')]);
const connecting = [
  ...pages.flatMap((page) =>
    programsOf(page).map(([name, code]): [string, string] => [`${page} ${name}`, code]),
  ),
  ...examples,
].filter(([, code]) =>
  /new (?:pg\.)?(?:Pool|Client|Redis|Queue|Worker|PgBoss)\(|createBullMQWorker\(|createClient\(/.test(code),
);

describe('programs that connect to a server', () => {
  it('number at least nine', () => {
    expect(connecting.length).toBeGreaterThanOrEqual(9);
  });

  it.each(connecting)('%s handles the error events of every client that it creates', (_, code) => {
    const created =
      /(?:const (\w+) = )?(?:await )?(?:new (?:pg\.)?(?:Pool|Client|Redis|Queue|Worker|PgBoss)|createBullMQWorker|createClient)\(/g;
    for (const [expression, name] of code.matchAll(created)) {
      expect(name, `${expression} is kept in a constant`).toBeDefined();
      expect(code).toContain(`${name}.on('error', `);
    }
  });
});

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function openProxy(url: string) {
  const proxy = await openCuttableProxy(url);
  closing.push(() => proxy.close());
  return proxy;
}

const folder = join(root, 'node_modules', '.docs-connections');
// Programs import the package by its name; other packages resolve to node_modules of this repository.
mkdirSync(join(folder, 'node_modules', '@hostwares'), { recursive: true });
rmSync(join(folder, 'node_modules', '@hostwares', 'webhooks'), { force: true });
symlinkSync(root, join(folder, 'node_modules', '@hostwares', 'webhooks'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const queueName = `docs-${crypto.randomUUID()}`;

/** Starts a program of a page as a process, and serves the receiver that it exports over HTTP. */
async function start(page: string, program: string, env: Record<string, string>) {
  const own = mkdtempSync(join(folder, 'run-'));
  writeFileSync(join(own, 'package.json'), '{ "type": "module" }');
  for (const [name, code] of programsOf(page).filter(([name]) => !name.includes('/'))) {
    const options = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    };
    // Each run uses its own queue.
    const { outputText } = ts.transpileModule(code.replaceAll("'hostwares'", `'${queueName}'`), {
      compilerOptions: options,
    });
    writeFileSync(join(own, name.replace(/\.ts$/, '.js')), outputText);
  }
  writeFileSync(
    join(own, 'start.mjs'),
    `import { createServer } from 'node:http';
     import { createNodeHandler } from '@hostwares/webhooks/node';
     const { receiver } = await import('./${program}.js');
     if (receiver) receiver.onAny?.(() => undefined);
     const server = receiver && createServer(createNodeHandler(receiver));
     server?.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
     if (!server) console.log('port 0');`,
  );
  const child = spawn(process.execPath, [join(own, 'start.mjs')], {
    env: { ...process.env, HOSTWARES_WEBHOOK_SECRET: secret, NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  closing.push(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const log: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const port = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('port ')) resolve(line.slice(5));
    });
    void exited.then(() => reject(new Error(log.join('\n'))));
  });
  return {
    log,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async send() {
      const event = sampleEvent('site.created', {
        id: `evt_${crypto.randomUUID()}`,
        timestamp: new Date().toISOString(),
      });
      const url = `http://127.0.0.1:${port}/`;
      return (await fetch(await createSignedRequest(event, { secret, url }))).status;
    },
  };
}

const redisEnv = ({ href }: URL) => ({ REDIS_URL: href });
const postgresEnv = ({ href, hostname, port, username, pathname }: URL) => ({
  DATABASE_URL: href,
  PGHOST: hostname,
  PGPORT: port,
  PGUSER: username,
  PGDATABASE: pathname.slice(1),
});

describe.skipIf(!areThere)('programs whose server restarts', () => {
  afterAll(async () => {
    const queue = new Queue(queueName, { connection: { url: redisUrl } });
    await queue.obliterate({ force: true });
    await queue.close();
    const client = new pg.Client({ connectionString: postgresUrl });
    await client.connect();
    await client.query('DELETE FROM pgboss.queue WHERE name = $1', [queueName]).catch(() => undefined);
    await client.end();
  });

  type Program = [string, string, string, (url: URL) => Record<string, string>, number[]];
  const programs: Program[] = [
    ['docs/replay.md', 'redis', redisUrl, redisEnv, [503]],
    ['docs/replay.md', 'postgres', postgresUrl, postgresEnv, [503]],
    ['docs/replay.md', 'transaction', postgresUrl, postgresEnv, [503]],
    ['docs/queues.md', 'both', redisUrl, redisEnv, [500, 503]],
    ['docs/queues.md', 'boss', postgresUrl, postgresEnv, [500, 503]],
  ];
  // BullMQ waits up to 20 s before it connects again.
  const slowPrograms: Program[] = [
    ['docs/queues.md', 'receiver', redisUrl, redisEnv, [500, 503]],
    ['docs/queues.md', 'queue', redisUrl, redisEnv, [500, 503]],
  ];
  it.each([...programs, ...(isLong ? slowPrograms : [])])(
    '%s, %s.ts: answers no 2xx while the server is away, and 200 again afterwards',
    async (page, program, url, env, refusals) => {
      const proxy = await openProxy(url);
      const running = await start(page, program, env(proxy.url));
      expect(await running.send()).toBe(200);
      proxy.cut();
      await vi.waitFor(() => expect(running.log.join('\n')).toMatch(/: |ECONN|terminated/), 10_000);
      expect(refusals).toContain(await running.send());
      expect(running.isRunning()).toBe(true);
      proxy.restore();
      await vi.waitFor(async () => expect(await running.send()).toBe(200), {
        timeout: 20_000,
        interval: 200,
      });
    },
    60_000,
  );
});
