// Checks the packed package with publint and type checkers, and runs the code of README and docs/ in projects that contain
// only the tarball and a framework.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { blocksOf, createProject, createReport, here, pack, root, runVitest } from './project.mjs';

const run = promisify(execFile);
const report = createReport();
const tarball = pack();
const bin = (name) => join(here, 'node_modules/.bin', name);
const node = join(here, 'node_modules/node24/bin/node');

await report.check('publint', () => run(bin('publint'), [tarball, '--strict']).then(() => ''));
await report.check('are the types wrong (node10, node16, bundler)', () =>
  run(bin('attw'), [tarball, '--profile', 'strict', '--no-emoji']).then(() => ''),
);

await report.check('npm installs the tarball into an empty project, and no other package', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'webhooks-'));
  try {
    writeFileSync(join(empty, 'package.json'), '{"name":"empty","private":true,"type":"module"}');
    await run('npm', ['install', '--no-audit', '--no-fund', tarball], { cwd: empty });
    const code = `import { eventTypes } from '@hostwares/webhooks'; console.log(eventTypes.length)`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: empty });
    if (stdout.trim() !== '12') throw new Error(stdout);
    const lock = JSON.parse(readFileSync(join(empty, 'package-lock.json'), 'utf8'));
    const names = Object.keys(lock.packages).filter(Boolean);
    if (names.length !== 1) throw new Error(`npm installed other packages too: ${names.join(', ')}`);
  } finally {
    rmSync(empty, { recursive: true });
  }
});

await report.check(
  'without peers, sender and worker name the package to install, and the sender works with a custom transport',
  async () => {
    const empty = mkdtempSync(join(tmpdir(), 'webhooks-'));
    try {
      writeFileSync(join(empty, 'package.json'), '{"name":"empty","private":true,"type":"module"}');
      await run('npm', ['install', '--no-audit', '--no-fund', tarball], { cwd: empty });
      const code = `
      import { createReceiver } from '@hostwares/webhooks';
      import { createBullMQWorker } from '@hostwares/webhooks/bullmq';
      import { createMemoryStore, createSender } from '@hostwares/webhooks/sender';
      import { createEndpointDisabledMailer } from '@hostwares/webhooks/sender/email';
      import { createSqliteStore } from '@hostwares/webhooks/sender/sqlite';
      const store = createMemoryStore();
      const log = (error) => console.log(error.message);
      const input = { url: 'https://93.184.215.14/', events: ['*'] };
      console.log(await createSender({ store, allowPrivateNetwork: true }).createEndpoint({ ...input, url: 'http://127.0.0.1:1/' }).then(() => 'saved', (error) => error.message));
      await createEndpointDisabledMailer({ smtp: 'smtp://127.0.0.1:1', from: 'a@b', to: () => 'c@d' })({ id: 'wh_1', url: '' }).catch(log);
      try { createSqliteStore({ path: ':memory:' }) } catch (error) { log(error) }
      await createBullMQWorker(createReceiver({ secret: 'whsec_' }), { queueName: 'q', connection: {} }).catch(log);
      const transport = { send: async () => ({ status: 204, timings: { totalMs: 0 } }), close: async () => {} };
      console.log((await createSender({ store, transport }).createEndpoint(input)).ping.ok);`;
      const outputOf = async (binary) =>
        (await run(binary, ['--input-type=module', '-e', code], { cwd: empty })).stdout.trim().split('\n');
      const node20 = await outputOf(join(here, 'node_modules/node20/bin/node'));
      const expected = [
        /^saved$/,
        /^E-mail needs nodemailer: npm install nodemailer/,
        /^createSqliteStore needs Node 22\.13 or later; this is v20/,
        /^The worker needs bullmq: npm install bullmq/,
        /^true$/,
      ];
      if (!expected.every((line, index) => line.test(node20[index]))) throw new Error(node20.join('\n'));
      const node24 = await outputOf(node);
      if (node24.length !== 4) throw new Error(node24.join('\n'));
    } finally {
      rmSync(empty, { recursive: true });
    }
  },
);

const blocks = new Map(
  ['docs/notifiers.md', 'docs/replay.md', 'docs/receiving.md', 'README.md'].flatMap((page) => [
    ...blocksOf(page),
  ]),
);
const names = [
  'server.ts',
  'webhooks.ts',
  'express.ts',
  'hono.ts',
  'node.ts',
  'handlers.ts',
  'receiver.ts',
  'notify.ts',
  'once.ts',
  'verify.ts',
];

function readmeProject(name, type) {
  const project = createProject(name, tarball);
  for (const file of names) writeFileSync(join(project, file), blocks.get(file));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name, private: true, type }));
  return project;
}

async function compile(project, options, files = names) {
  const config = {
    compilerOptions: {
      strict: true,
      target: 'ES2022',
      types: ['node'],
      skipLibCheck: false,
      outDir: 'out',
      ...options,
    },
    files,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  await run(process.execPath, [bin('tsc'), '-p', project]);
}

for (const [module, moduleResolution] of [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
]) {
  const options = { module, moduleResolution };
  await report.check(`README and docs/ compile under ${moduleResolution}`, () =>
    compile(readmeProject(`readme-${moduleResolution}`, 'module'), { ...options, lib: ['ES2022', 'DOM'] }),
  );
  // Hono's own types need the DOM library.
  await report.check(`README and docs/ compile without the DOM library under ${moduleResolution}`, () =>
    compile(
      readmeProject(`readme-${moduleResolution}-no-dom`, 'module'),
      { ...options, lib: ['ES2022'] },
      names.filter((name) => name !== 'hono.ts'),
    ),
  );
}
await report.check("docs/sender.md compiles without the types of the sender's peers", async () => {
  const project = createProject('sender-page', tarball);
  const pages = blocksOf('docs/sender.md');
  const files = ['sender.ts', 'mail.ts', 'api.ts'];
  for (const file of files) writeFileSync(join(project, file), pages.get(file));
  writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}');
  await compile(project, { module: 'nodenext', moduleResolution: 'nodenext' }, files);
});
for (const [runtime, format] of [
  ['node20', 'module'],
  ['node22', 'commonjs'],
  ['node24', 'module'],
  ['node26', 'commonjs'],
]) {
  await report.check(`the packed sender delivers over HTTP in ${runtime}, ${format}`, async () => {
    const project = createProject(`sender-${runtime}`, tarball);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: format }));
    const load = (name, path) =>
      format === 'module' ? `import { ${name} } from '${path}';` : `const { ${name} } = require('${path}');`;
    const code = `${load('createServer', 'node:http')}
${load('createNodeHandler', '@hostwares/webhooks/node')}
${load('createReceiver', '@hostwares/webhooks')}
${load('createMemoryStore, createSender', '@hostwares/webhooks/sender')}
const got = [];
const secret = 'whsec_of_the_packed_sender';
const receiver = createReceiver({ secret }).onAny((event) => got.push(event.event));
const server = createServer(createNodeHandler(receiver)).listen(0, '127.0.0.1', async () => {
  const sender = createSender({ store: createMemoryStore(), allowPrivateNetwork: true });
  await sender.createEndpoint({ url: 'http://127.0.0.1:' + server.address().port, events: ['*'], secret });
  await sender.start();
  await sender.publish({ event: 'credits.low', account_id: 'acc_1', data: { balance: 1 } });
  while (got.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await sender.stop();
  server.close(() => console.log(got.join()));
});`;
    writeFileSync(join(project, 'main.js'), code);
    const { stdout } = await run(join(here, `node_modules/${runtime}/bin/node`), [join(project, 'main.js')]);
    if (stdout.trim() !== 'ping,credits.low') throw new Error(stdout);
  });
}
await report.check('CommonJS compiles under node16 and runs', async () => {
  const project = createProject('cjs', tarball);
  writeFileSync(join(project, 'package.json'), '{"private":true,"type":"commonjs"}');
  const code = `import { createReceiver } from '@hostwares/webhooks';
import { createExpressHandler } from '@hostwares/webhooks/express';
import { createHonoHandler } from '@hostwares/webhooks/hono';
import { createNextHandler } from '@hostwares/webhooks/next';
import { createNodeHandler } from '@hostwares/webhooks/node';
import { createSignedRequest } from '@hostwares/webhooks/testing';
import express from 'express';
const receiver = createReceiver({ secret: 'x' }).on('credits.low', (event) => console.log(event.data.balance.toFixed(1)));
express().post('/', createExpressHandler(receiver));
void [createHonoHandler(receiver), createNodeHandler(receiver)];
void createSignedRequest('credits.low', { secret: 'x' }).then(createNextHandler(receiver)).then((r) => console.log(r.status));
`;
  writeFileSync(join(project, 'main.ts'), code);
  await compile(
    project,
    { module: 'node16', moduleResolution: 'node16', esModuleInterop: true, skipLibCheck: true },
    ['main.ts'],
  );
  const { stdout } = await run(node, [join(project, 'out/main.js')]);
  if (stdout !== '4.2\n200\n') throw new Error(stdout);
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return String(port);
}

/** Posts a genuine and a forged event to a server that has just started. */
async function expectReceives(url, output) {
  const { createSignedRequest } = await import(
    join(project, 'node_modules/@hostwares/webhooks/dist/testing.js')
  );
  const post = async (secret) => {
    const request = await createSignedRequest('deployment.completed', { secret });
    const headers = { ...Object.fromEntries(request.headers), connection: 'close' };
    return (await fetch(url, { method: 'POST', headers, body: await request.text() })).status;
  };
  const answers = [await post('whsec_readme_0123456789'), await post('other')];
  if (String(answers) !== '200,401') throw new Error(`answered ${answers}\n${output()}`);
  if (!/shop is live after 42\.5 s/.test(output())) throw new Error(`logged ${output()}`);
}

/** Runs the README's commands that start the emulator and send one event to a server. */
async function expectSends(port) {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const argsOf = (command) => {
    const [, args] = new RegExp(`\\nnpx @hostwares/webhooks (${command} .*)\\n`).exec(readme);
    return args.replace('localhost:3000', `127.0.0.1:${port}`).split(' ');
  };
  const program = join(project, 'node_modules/@hostwares/webhooks/dist/cli.js');
  const ready = (output) => output.includes('Forwarding all events');
  await withServer([program, ...argsOf('dev'), '--port', '0'], project, ready, async (output) => {
    const [emulator] = /http:\/\/127\.0\.0\.1:\d+/.exec(output());
    const { stdout } = await run(node, [program, ...argsOf('trigger'), '--url', emulator], { cwd: project });
    if (!/^deployment\.completed +200 /.test(stdout)) throw new Error(`${stdout}\n${output()}`);
  });
}

async function withServer(args, cwd, ready, act) {
  const child = spawn(node, args, {
    cwd,
    env: {
      ...process.env,
      HOSTWARES_WEBHOOK_SECRET: 'whsec_readme_0123456789',
      NEXT_TELEMETRY_DISABLED: '1',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const exit = once(child, 'exit');
  try {
    for (let tries = 0; !(await ready(output)); tries += 1) {
      if (child.exitCode !== null || tries > 300) throw new Error(`did not start:\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await act(() => output);
  } finally {
    child.kill();
    const hard = setTimeout(() => child.kill('SIGKILL'), 5000);
    await exit;
    clearTimeout(hard);
  }
}

const answers = (url) => () =>
  fetch(url).then(
    () => true,
    () => false,
  );

const project = readmeProject('readme', 'module');
await compile(project, { module: 'nodenext', moduleResolution: 'nodenext' });
for (const framework of ['server', 'express', 'hono', 'node']) {
  await report.check(
    `${framework}.ts handles a genuine event, and the one that the README's commands send`,
    async () => {
      // Only the port and the interface are changed: the port must be free on this machine.
      const file = join(project, 'out', `${framework}.js`);
      const port = await freePort();
      const code = readFileSync(file, 'utf8');
      const bound = code
        .replace(/listen\(3000\)/, `listen(${port}, '127.0.0.1')`)
        .replace(/port: 3000/, `port: ${port}, hostname: '127.0.0.1'`);
      if (bound === code) throw new Error(`${framework}.ts does not listen on port 3000`);
      writeFileSync(file, bound);
      const url = `http://127.0.0.1:${port}/webhooks/hostwares`;
      await withServer([file], project, answers(url), async (output) => {
        await expectReceives(url, output);
        await expectSends(port);
      });
    },
  );
}
const testingPage = blocksOf('docs/testing.md');
const documentedTest = 'vitest.test.ts';
const tested = createProject('testing-docs', tarball);
writeFileSync(join(tested, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
for (const file of ['webhooks.ts', documentedTest]) writeFileSync(join(tested, file), testingPage.get(file));
await report.check('the test in docs/testing.md compiles and passes', async () => {
  const options = { module: 'nodenext', moduleResolution: 'nodenext', noEmit: true, skipLibCheck: true };
  await compile(tested, options, [documentedTest]);
  await runVitest(tested, documentedTest);
});
for (const [fault, find, replacement] of [
  ['throws', 'console.log(', 'throw new Error('],
  ['is not called', "'deployment.failed'", "'deployment.started'"],
  ['logs something else', ' failed: ', ' crashed: '],
]) {
  await report.check(`the test in docs/testing.md fails when the handler ${fault}`, async () => {
    const handlers = testingPage.get('webhooks.ts');
    if (!handlers.includes(find)) throw new Error(`${find} is not in the handler of docs/testing.md`);
    writeFileSync(join(tested, 'webhooks.ts'), handlers.replace(find, replacement));
    const outcome = await runVitest(tested, documentedTest).then(
      () => 'passed',
      ({ stdout }) => (/1 failed/.test(stdout) ? 'failed' : stdout),
    );
    if (outcome !== 'failed') throw new Error(outcome);
  });
}

// Next is installed in the folder of its example, which has its own lockfile.
const example = join(root, 'examples/next');
const next = createRequire(join(example, 'package.json')).resolve('next/dist/bin/next');
await report.check(
  'Next: the example and docs/receiving.md, built and served, node and edge runtime',
  async () => {
    const installed = join(example, 'node_modules/@hostwares/webhooks');
    rmSync(installed, { recursive: true, force: true });
    mkdirSync(installed, { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
    const pasted = {
      'webhooks.ts': 'webhooks.ts',
      'app/webhooks/hostwares/route.ts': 'app/readme/hostwares/route.ts',
    };
    for (const [name, target] of Object.entries(pasted)) {
      mkdirSync(dirname(join(example, target)), { recursive: true });
      writeFileSync(join(example, target), blocks.get(name));
    }
    try {
      const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
      const { stdout, stderr } = await run(node, [next, 'build'], { cwd: example, env });
      if (/Node\.js API is used/.test(stdout + stderr)) throw new Error(stdout + stderr);
      const port = await freePort();
      const base = `http://127.0.0.1:${port}`;
      await withServer(
        [next, 'start', '-H', '127.0.0.1', '-p', port],
        example,
        (out) => /Ready in/.test(out),
        async (output) => {
          for (const path of ['/webhooks/hostwares', '/readme/hostwares'])
            await expectReceives(base + path, output);
          const { createSignedRequest } = await import(
            join(project, 'node_modules/@hostwares/webhooks/dist/testing.js')
          );
          for (const [secret, body, expected] of [
            ['whsec_readme_0123456789', undefined, 204],
            ['other', undefined, 401],
            ['whsec_readme_0123456789', 'x'.repeat(2_000_000), 413],
          ]) {
            const request = await createSignedRequest('ping', { secret });
            const headers = { ...Object.fromEntries(request.headers), connection: 'close' };
            const response = await fetch(`${base}/webhooks/edge`, {
              method: 'POST',
              headers,
              body: body ?? (await request.text()),
            });
            if (response.status !== expected)
              throw new Error(`edge: ${response.status} ${await response.text()}\n${output()}`);
          }
          // The response comes while the handler still runs; the handler finishes nevertheless.
          const early = await createSignedRequest('ping', {
            secret: 'whsec_readme_0123456789',
            url: `${base}/webhooks/early`,
          });
          const { status } = await fetch(early);
          if (status !== 200 || output().includes('counted ping'))
            throw new Error(`early: ${status}\n${output()}`);
          for (let waits = 0; !output().includes('counted ping'); waits += 1) {
            if (waits === 100) throw new Error(`early: not handled\n${output()}`);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        },
      );
    } finally {
      rmSync(join(example, 'webhooks.ts'), { force: true });
      rmSync(join(example, 'app/readme'), { recursive: true, force: true });
      rmSync(installed, { recursive: true, force: true });
    }
  },
);

report.end();
