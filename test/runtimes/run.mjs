// Runs one conformance suite on the packed package, in every runtime that README names.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EdgeVM } from '@edge-runtime/vm';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { copyInto, createProject, createReport, here, pack } from './project.mjs';

const run = promisify(execFile);
const report = createReport();
const project = createProject('conformance', pack());
copyInto(
  project,
  'test/conformance/receiver-suite.js',
  'test/conformance/notifiers-suite.js',
  'examples/workers/worker.ts',
  ...[
    'suite.mjs',
    'main.mjs',
    'main.cjs',
    'worker.mjs',
    'worker-hono.mjs',
    'worker-notifier.mjs',
    'edge.mjs',
  ].map((file) => `test/runtimes/${file}`),
);

const bin = (path) => join(here, 'node_modules', path);

/** Runs a program that prints the suite's result, and returns that line. */
async function expectSuite(command, args, env = {}) {
  const { stdout } = await run(command, args, {
    cwd: project,
    timeout: 120_000,
    env: { ...process.env, ...env },
  });
  const line = /^SUITE (\d+) passed, (\d+) failed$/m.exec(stdout);
  if (!line || line[2] !== '0') throw new Error(stdout);
  return line[0];
}

function expectResult({ passed, failures }) {
  if (failures.length > 0) throw new Error(failures.join('\n'));
  return `SUITE ${passed} passed, 0 failed`;
}

const bundle = async (entry, format) => {
  const { outputFiles } = await build({
    entryPoints: [join(project, entry)],
    bundle: true,
    format,
    target: 'es2022',
    write: false,
    conditions: ['workerd', 'worker', 'edge-light'],
  });
  return outputFiles[0].text;
};

await report.check(`Node ${process.versions.node} (this machine's), ESM`, () =>
  expectSuite(process.execPath, ['main.mjs']),
);
for (const major of [20, 22, 24, 26]) {
  const node = bin(`node${major}/bin/node`);
  await report.check(`Node ${major}, ESM`, () => expectSuite(node, ['main.mjs']));
  await report.check(`Node ${major}, CJS`, () => expectSuite(node, ['main.cjs']));
}
const quiet = { DO_NOT_TRACK: '1', DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' };
await report.check('Bun, ESM', () => expectSuite(bin('.bin/bun'), ['main.mjs'], quiet));
await report.check('Bun, CJS', () => expectSuite(bin('.bin/bun'), ['main.cjs'], quiet));
await report.check('Deno, ESM', () =>
  expectSuite(
    bin('.bin/deno'),
    ['run', '--no-prompt', '--node-modules-dir=manual', '--allow-env', 'main.mjs'],
    quiet,
  ),
);
for (const flags of [[], ['nodejs_compat']]) {
  await report.check(`workerd${flags.length > 0 ? ', nodejs_compat' : ''}`, async () => {
    const miniflare = new Miniflare({
      modules: true,
      script: await bundle('worker.mjs', 'esm'),
      compatibilityDate: '2026-01-01',
      compatibilityFlags: flags,
      cf: false,
      telemetry: { enabled: false },
    });
    try {
      const result = await (await miniflare.dispatchFetch('http://localhost/')).json();
      if (result.hasNodeCrypto !== flags.length > 0)
        throw new Error(
          `node:crypto is ${result.hasNodeCrypto ? 'present' : 'missing'}, so the wrong HMAC engine was tested`,
        );
      return expectResult(result);
    } finally {
      await miniflare.dispose();
    }
  });
}
const { createSignedRequest } = await import(
  join(project, 'node_modules/@hostwares/webhooks/dist/testing.js')
);
for (const [name, entry, paths] of [
  ['examples/workers', 'worker.ts', { '/webhooks/hostwares': 200 }],
  ['Hono', 'worker-hono.mjs', { '/webhooks/hostwares': 200, '/log': 202 }],
]) {
  await report.check(`workerd: ${name}`, async () => {
    const secret = 'whsec_worker';
    const miniflare = new Miniflare({
      modules: true,
      script: await bundle(entry, 'esm'),
      compatibilityDate: '2026-01-01',
      bindings: { HOSTWARES_WEBHOOK_SECRET: secret },
      cf: false,
      telemetry: { enabled: false },
    });
    try {
      for (const [path, expected] of Object.entries(paths)) {
        for (const [signedWith, oversized, status] of [
          [secret, false, expected],
          ['other', false, 401],
          [secret, true, 413],
        ]) {
          const request = await createSignedRequest('alert.triggered', { secret: signedWith });
          const body = oversized ? new Uint8Array(2_000_000) : await request.text();
          const response = await miniflare.dispatchFetch(`http://localhost${path}`, {
            method: 'POST',
            headers: Object.fromEntries(request.headers),
            body,
          });
          const text = await response.text();
          if (response.status !== status)
            throw new Error(`${path}: ${response.status} ${text}, expected ${status}`);
        }
      }
    } finally {
      await miniflare.dispose();
    }
  });
}
await report.check('workerd: one notifier, concurrent requests', async () => {
  const posted = [];
  const miniflare = new Miniflare({
    modules: true,
    script: await bundle('worker-notifier.mjs', 'esm'),
    compatibilityDate: '2026-01-01',
    cf: false,
    telemetry: { enabled: false },
    async outboundService(request) {
      posted.push(/Deployment of (\w+)/.exec(await request.text())[1]);
      return new Response('ok');
    },
  });
  try {
    const names = Array.from({ length: 20 }, (_, index) => `site${index}`);
    const texts = await Promise.all(
      names.map(async (name) => (await miniflare.dispatchFetch(`http://localhost/${name}`)).text()),
    );
    if (!texts.every((text) => text === 'sent')) throw new Error(texts.join());
    if (posted.sort().join() !== names.sort().join()) throw new Error(`posted ${posted}`);
  } finally {
    await miniflare.dispose();
  }
});
await report.check('edge-runtime', async () => {
  const vm = new EdgeVM();
  vm.evaluate(await bundle('edge.mjs', 'iife'));
  return expectResult(await vm.context.result);
});
report.end();
