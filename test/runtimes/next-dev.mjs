// Hot reload in `next dev`: the endpoint keeps working while a file that registers handlers is edited.
// Needs the build, and the node_modules of the Next example.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createProject, createReport, here, pack, root, work } from './project.mjs';

const report = createReport();
const secret = 'whsec_of_the_reload';
const tarball = pack();
const app = createProject('next-dev', tarball);
const example = join(root, 'examples/next');
for (const name of ['package.json', 'next.config.mjs', 'tsconfig.json'])
  cpSync(join(example, name), join(app, name));
// Next resolves packages below its root only, so the packages of the example are linked one by one.
for (const name of ['next', 'react', 'react-dom', 'typescript', '@types', '@next', '@swc', 'styled-jsx'])
  symlinkSync(join(example, 'node_modules', name), join(app, 'node_modules', name));
writeFileSync(
  join(app, 'next.config.mjs'),
  `export default { turbopack: { root: ${JSON.stringify(root)} } };\n`,
);

const write = (file, code) => {
  mkdirSync(dirname(join(app, file)), { recursive: true });
  writeFileSync(join(app, file), code);
};
const handlers = (version) => `import { receiver } from './receiver';
receiver.on('deployment.completed', () => console.log('handled by ${version}'));
receiver.onAny(() => console.log('seen by ${version}'));
`;
write(
  'receiver.ts',
  `import { createReceiver } from '@hostwares/webhooks';
export const receiver = createReceiver({ secret: ${JSON.stringify(secret)} });
`,
);
write('handlers.ts', handlers('one'));
write(
  'app/hooks/route.ts',
  `import { createNextHandler } from '@hostwares/webhooks/next';
import { receiver } from '../../receiver';
import '../../handlers';
export const POST = createNextHandler(receiver);
`,
);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return String(port);
}

const port = await freePort();
const { createSignedRequest } = await import(join(app, 'node_modules/@hostwares/webhooks/dist/testing.js'));
const node = join(here, 'node_modules/node24/bin/node');
const server = spawn(
  node,
  [join(example, 'node_modules/next/dist/bin/next'), 'dev', '-H', '127.0.0.1', '-p', port],
  {
    cwd: app,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', CI: '' },
  },
);
let output = '';
for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (output += text));
const exited = once(server, 'exit');

async function waitFor(what, holds) {
  for (let tries = 0; !(await holds()); tries += 1) {
    if (server.exitCode !== null || tries > 600)
      throw new Error(`${what} did not appear within 60 s:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Sends an event, and returns the status and the version of the handlers that ran. */
async function send() {
  const start = output.length;
  const request = await createSignedRequest('deployment.completed', { secret });
  const response = await fetch(`http://127.0.0.1:${port}/hooks`, {
    method: 'POST',
    headers: { ...Object.fromEntries(request.headers), connection: 'close' },
    body: await request.text(),
  });
  await response.text();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const ran = [...output.slice(start).matchAll(/^(?:handled|seen) by \w+$/gm)].map(([line]) => line);
  return `${response.status}: ${ran.join(', ')}`;
}

try {
  await report.check('next dev: runs the handlers', async () => {
    await waitFor('the server', () => /Ready in/.test(output));
    const answer = await send();
    if (answer !== '200: handled by one, seen by one') throw new Error(`${answer}\n${output}`);
  });
  for (const version of ['two', 'three']) {
    await report.check(`next dev: after an edit, runs only the handlers of version ${version}`, async () => {
      writeFileSync(join(app, 'handlers.ts'), handlers(version));
      let answer = '';
      // Until the reload is done, the predecessor answers.
      await waitFor(`version ${version}`, async () => {
        answer = await send();
        if (!answer.startsWith('200')) throw new Error(`${answer}\n${output}`);
        return answer === `200: handled by ${version}, seen by ${version}`;
      });
    });
  }
  await report.check('next dev: warns that handlers were registered after the first request', () => {
    if (!/was registered after the first request and replaced/.test(output)) throw new Error(output);
  });
} finally {
  server.kill();
  const hard = setTimeout(() => server.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(hard);
  rmSync(work, { recursive: true, force: true });
}
report.end();
