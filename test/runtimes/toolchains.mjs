// Tries the packed package with its users' tools: Jest in CommonJS, TypeScript 5 with node10, exactOptionalPropertyTypes, and the
// tests and programs of docs/testing.md. The BullMQ test needs a Redis at REDIS_URL or on this machine.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { blocksOf, createProject, createReport, here, pack, root, runVitest } from './project.mjs';

const run = promisify(execFile);
const report = createReport();
const tarball = pack();
const nodeOf = (major) => join(here, `node_modules/node${major}/bin/node`);
const installed = (path) => join(here, 'node_modules', path);

function createTypedProject(name, type, compilerOptions, files) {
  const project = createProject(name, tarball);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name, private: true, type }));
  for (const [file, code] of Object.entries(files)) writeFileSync(join(project, file), code);
  const options = { strict: true, target: 'ES2022', types: ['node'], skipLibCheck: true, ...compilerOptions };
  const config = { compilerOptions: options, files: Object.keys(files) };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  return project;
}

async function expectJest(project, major, mode = '--runInBand') {
  const { stderr } = await run(
    nodeOf(major),
    [installed('jest/bin/jest.js'), '--rootDir', project, '--ci', '--watchman=false', mode],
    { cwd: project, timeout: 120_000, env: { ...process.env, NODE_OPTIONS: '' } },
  );
  return /^Tests: .*$/m.exec(stderr)[0];
}

for (const major of [20, 24]) {
  await report.check(
    `Jest in CommonJS, Node ${major}: receiver, replay, hints, sender, emulator, BullMQ`,
    async () => {
      const project = createProject(`jest-${major}`, tarball);
      writeFileSync(join(project, 'package.json'), '{"private":true}');
      cpSync(join(here, 'jest'), project, { recursive: true });
      return expectJest(project, major);
    },
  );
  await report.check(`Jest in CommonJS, Node ${major}: emulators in parallel test files`, async () => {
    const project = createProject(`jest-emulator-${major}`, tarball);
    writeFileSync(join(project, 'package.json'), '{"private":true}');
    for (const file of ['emulator.test.js', 'emulator-parallel.test.js'])
      cpSync(join(here, 'jest', file), join(project, file));
    return expectJest(project, major, '--maxWorkers=2');
  });
}

await report.check('CommonJS without the peers names the install command', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'webhooks-'));
  try {
    const target = join(empty, 'node_modules/@hostwares/webhooks');
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
    const code = `
      const { createReceiver } = require('@hostwares/webhooks');
      const { createBullMQWorker } = require('@hostwares/webhooks/bullmq');
      const { createEndpointDisabledMailer } = require('@hostwares/webhooks/sender/email');
      const log = (error) => console.log(error.message);
      (async () => {
        await createEndpointDisabledMailer({ smtp: 'smtp://127.0.0.1:1', from: 'a@b', to: () => 'c@d' })({ id: 'wh_1', url: '' }).catch(log);
        await createBullMQWorker(createReceiver({ secret: 'whsec_' }), { queueName: 'q', connection: {} }).catch(log);
      })();`;
    const { stdout } = await run(nodeOf(24), ['-e', code], { cwd: empty });
    const expected = ['E-mail needs nodemailer', 'The worker needs bullmq'];
    const lines = stdout.trim().split('\n');
    const isRight = expected.every(
      (text, index) => lines[index] === `${text}: npm install ${text.split(' ').at(-1)}`,
    );
    if (!isRight) throw new Error(stdout);
  } finally {
    rmSync(empty, { recursive: true });
  }
});

await report.check('TypeScript 5.9, module commonjs, moduleResolution node10: every subpath', async () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const subpaths = Object.keys(exports).filter((path) => path !== './package.json');
  const imports = subpaths.map(
    (path, index) => `import * as s${index} from '@hostwares/webhooks${path.slice(1)}';`,
  );
  const code = `${imports.join('\n')}
import { eventTypes } from '@hostwares/webhooks';
// The types resolve; they are not any.
// @ts-expect-error
export const wrong: number = eventTypes;
console.log([${subpaths.map((_, index) => `s${index}`).join()}].filter((each) => Object.keys(each).length > 0).length);`;
  const options = { module: 'commonjs', moduleResolution: 'node10', outDir: 'out', lib: ['ES2022', 'DOM'] };
  const project = createTypedProject('node10', 'commonjs', options, { 'main.ts': code });
  await run(nodeOf(24), [installed('typescript5/bin/tsc'), '-p', project]);
  const { stdout } = await run(nodeOf(24), [join(project, 'out/main.js')]);
  if (stdout.trim() !== String(subpaths.length)) throw new Error(`${stdout}, expected ${subpaths.length}`);
  return `${subpaths.length} subpaths`;
});

await report.check('every optional option accepts undefined under exactOptionalPropertyTypes', async () => {
  const options = { module: 'nodenext', exactOptionalPropertyTypes: true, noEmit: true };
  const code = readFileSync(join(here, 'exact-options.ts'), 'utf8');
  const project = createTypedProject('exact', 'module', options, { 'main.ts': code });
  for (const tsc of ['typescript/bin/tsc', 'typescript5/bin/tsc'])
    await run(nodeOf(24), [installed(tsc), '-p', project]);
});

const page = blocksOf('docs/testing.md');
const documented = createProject('testing-page', tarball);
writeFileSync(join(documented, 'package.json'), '{"private":true,"type":"module"}');
for (const [name, code] of page) writeFileSync(join(documented, name), code);

await report.check('docs/testing.md: the vitest test', () => runVitest(documented, 'vitest.test.ts'));
writeFileSync(join(documented, 'emulator.test.ts'), blocksOf('docs/emulator.md').get('emulator.test.ts'));
await report.check('docs/emulator.md: the vitest test', () => runVitest(documented, 'emulator.test.ts'));
for (const major of [20, 22, 24]) {
  await report.check(`docs/testing.md: the node:test test with tsx, Node ${major}`, async () => {
    const args = [installed('tsx/dist/cli.mjs'), '--test', 'node.test.ts'];
    const { stdout } = await run(nodeOf(major), args, { cwd: documented });
    if (!/^. pass 1$/m.test(stdout)) throw new Error(stdout);
  });
}
for (const [major, flags] of [
  [22, ['--experimental-strip-types']],
  [24, []],
]) {
  await report.check(
    `docs/testing.md: the node:test test with Node's own type stripping, Node ${major}`,
    async () => {
      const file = join(documented, `stripped-${major}.test.ts`);
      writeFileSync(file, page.get('node.test.ts').replace('./webhooks.js', './webhooks.ts'));
      const { stdout } = await run(nodeOf(major), [...flags, '--test', file], { cwd: documented });
      if (!/^. pass 1$/m.test(stdout)) throw new Error(stdout);
    },
  );
}
await report.check('docs/testing.md: the Jest test', async () => {
  const project = createProject('jest-page', tarball);
  writeFileSync(join(project, 'package.json'), '{"private":true}');
  writeFileSync(join(project, 'jest.test.js'), page.get('jest.test.js'));
  return expectJest(project, 24);
});
report.end();
