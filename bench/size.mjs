// The size of one function in an application's bundle: minified, gzip.
// node bench/size.mjs --check fails if a limit is exceeded.
import { gzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
// Bytes that are loaded before the first request. Separate chunks are loaded on demand and not counted, such as the
// explanations, loaded by the first rejection, and replay protection.
const limits = { verifyWebhook: 3000, createReceiver: 5300 };

let failed = 0;
for (const [name, limit] of Object.entries(limits)) {
  const bundle = async (external) => {
    const { outputFiles } = await build({
      stdin: { contents: `export { ${name} } from './dist/index.js'`, resolveDir: root },
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      write: false,
      external,
      logLevel: 'error',
    });
    return gzipSync(outputFiles[0].contents, { level: 9 }).length;
  };
  const loaded = await bundle([
    './explain-*.js',
    './reporter-*.js',
    './reload-*.js',
    './guard-*.js',
    './apply-schema-*.js',
    './dispatch-*.js',
  ]);
  const whole = await bundle([]);
  const verdict = loaded <= limit ? 'ok' : 'TOO LARGE';
  if (loaded > limit) failed += 1;
  console.log(
    `${name.padEnd(16)} ${loaded} B of ${limit} (${whole} B with all that can be loaded later)  ${verdict}`,
  );
}
if (process.argv.includes('--check') && failed > 0) process.exitCode = 1;
