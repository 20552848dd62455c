// The command line of the packed package, alone in an empty folder: no other package is installed.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createProject, createReport, here, pack } from './project.mjs';

const report = createReport();
const tarball = pack();
const secret = 'whsec_secret_of_the_receiver';
const event = '{"id":"evt_1","event":"ping","timestamp":"2026-01-01T00:00:00Z","account_id":"a","data":{}}';

/** A receiver without this package, so that nothing but the command line is tested. */
async function startReceiver() {
  const received = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      const isGenuine = request.headers['x-hostwares-signature'] === signature;
      if (isGenuine) received.push(JSON.parse(body).event);
      response.writeHead(isGenuine ? 200 : 401).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/hooks`, received, close: () => server.close() };
}

/** Creates a function that runs the command in the project with one version of Node. */
function createRunner(node, project) {
  const program = join(project, 'node_modules/@hostwares/webhooks/dist/cli.js');
  const options = { cwd: project, env: { PATH: process.env.PATH, HOSTWARES_WEBHOOK_SECRET: secret } };
  return {
    // Not synchronous: the receiver of the test runs in this process.
    run: async (...args) => {
      const { stdout } = await promisify(execFile)(node, [program, ...args], { ...options, timeout: 60_000 });
      return stdout;
    },
    start: (...args) => spawn(node, [program, ...args], options),
  };
}

/** Waits until the output of a process matches. */
async function waitFor(child, pattern) {
  let text = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const match = pattern.exec(text);
    if (match) return match;
  }
  throw new Error(`ended before ${pattern}:\n${text}`);
}

async function stop(child) {
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  const [code] = await ended;
  if (code !== 130) throw new Error(`dev ended with ${code} on SIGINT`);
}

function expectText(name, text, pattern) {
  if (!pattern.test(text)) throw new Error(`${name} printed:\n${text}`);
}

async function runDevAndTrigger({ run, start }, devArgs) {
  const receiver = await startReceiver();
  const dev = start('dev', '--port', '0', '--forward-to', receiver.url, ...devArgs);
  let warnings = '';
  dev.stderr.on('data', (chunk) => (warnings += chunk));
  try {
    const [, url] = await waitFor(dev, /(http:\/\/127\.0\.0\.1:\d+)[^]*Forwarding all events/);
    const style = await (await fetch(`${url}/assets/app.css`)).text();
    expectText('the style of the dashboard', style.slice(0, 200), /^\/\* The style of the dashboard/);
    expectText('trigger', await run('trigger', 'all', '--url', url), /deployment\.failed +200/);
    expectText('trigger --to', await run('trigger', 'ping', '--to', receiver.url), /^ping +200/);
    if (receiver.received.length !== 14) throw new Error(`received ${receiver.received}`);
    expectText(
      'check',
      await run('check', receiver.url, '--only', 'forged'),
      /Forged requests +3 of 3 passed/,
    );
    await stop(dev);
    return warnings;
  } finally {
    dev.kill('SIGKILL');
    receiver.close();
  }
}

for (const [name, node] of [
  [`Node ${process.versions.node} (this machine's)`, process.execPath],
  ...[20, 22, 24, 26].map((major) => [`Node ${major}`, join(here, `node_modules/node${major}/bin/node`)]),
]) {
  await report.check(`${name}: --help, sign, verify, dev, trigger, check`, async () => {
    const project = createProject(`cli-${name.replaceAll(/\W+/g, '-')}`, tarball);
    const runner = createRunner(node, project);
    const commands = ['dev', 'trigger', 'check', 'diagnose', 'sign', 'verify', 'tail'];
    for (const command of commands)
      expectText('--help', await runner.run('--help'), new RegExp(`^ {2}${command} `, 'm'));
    for (const command of commands)
      expectText(command, await runner.run(command, '--help'), /Usage: hostwares-webhooks/);
    writeFileSync(join(project, 'body.json'), event);
    const [signature] = /sha256=[0-9a-f]{64}/.exec(await runner.run('sign', 'body.json'));
    expectText('verify', await runner.run('verify', 'body.json', '--signature', signature), /^ok {2}/);
    await runDevAndTrigger(runner, []);
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' });
    const warnings = await runDevAndTrigger(runner, ['--db', 'hooks.db']);
    const isInMemory = warnings.includes('everything is kept in memory');
    if (isInMemory !== version.startsWith('v20.')) throw new Error(`--db on ${version}: ${warnings}`);
    if (isInMemory === readdirSync(project).includes('hooks.db'))
      throw new Error('the database is not as announced');
    return isInMemory ? '--db works in memory and says so' : '--db is on disk';
  });
}

await report.check('npx finds the command of the installed tarball', () => {
  // Outside this checkout, whose node_modules npx would find.
  const folder = mkdtempSync(join(tmpdir(), 'hostwares-npx-'));
  const options = { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 };
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], options);
  expectText(
    'npx',
    execFileSync('npx', ['--no', '@hostwares/webhooks', 'dev', '--help'], options),
    /Usage: .*dev/,
  );
  if (readdirSync(join(folder, 'node_modules')).filter((entry) => !entry.startsWith('.')).length !== 1) {
    throw new Error('the package installed others');
  }
  rmSync(folder, { recursive: true });
  return 'and installs no other package';
});
report.end();
