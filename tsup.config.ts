import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'tsup';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

// One entry per subpath of package.json's `exports`, and the command line; test/package/structure.test.ts compares them.
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    bullmq: 'src/queues/bullmq.ts',
    emulator: 'src/emulator/index.ts',
    express: 'adapters/express.ts',
    hono: 'adapters/hono.ts',
    next: 'adapters/next.ts',
    node: 'adapters/node.ts',
    'pg-boss': 'src/queues/pg-boss.ts',
    notifiers: 'src/notifiers/index.ts',
    'replay-postgres': 'src/replay/postgres.ts',
    'replay-redis': 'src/replay/redis.ts',
    testing: 'src/testing/index.ts',
    sender: 'src/sender/index.ts',
    'sender-sqlite': 'src/sender/stores/sqlite/sqlite.ts',
    'sender-email': 'src/sender/email/index.ts',
    cli: 'src/cli/main.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  dts: true,
  clean: true,
  treeshake: true,
  // The sender and the BullMQ worker are for Node. Their peers stay external; the small libraries that the sender uses are bundled.
  removeNodeProtocol: false,
  external: [/^node:/, 'bullmq', 'nodemailer'],
  noExternal: ['hono', '@hono/node-server', 'commander', 'ipaddr.js', 'zod'],
  define: { __PACKAGE_VERSION__: JSON.stringify(version) },
  esbuildOptions(options, { format }) {
    options.mainFields = ['module', 'main'];
    options.jsx = 'automatic';
    options.jsxImportSource = 'hono/jsx';
    // Jest without --experimental-vm-modules has no import(), so CommonJS loads the peers with require.
    if (format === 'cjs') options.supported = { 'dynamic-import': false };
  },
  esbuildPlugins: [
    {
      // `import text from './file?raw'`, as in Vite: the content of the file.
      name: 'raw-text',
      setup(build) {
        // The path keeps its `?raw`: tsup has a plugin of its own for paths that end with `.css`.
        build.onResolve({ filter: /\?raw$/ }, ({ path, resolveDir }) => ({
          path: resolve(resolveDir, path),
          namespace: 'raw-text',
        }));
        build.onLoad({ filter: /./, namespace: 'raw-text' }, ({ path }) => {
          const file = path.replace(/\?raw$/, '');
          return { contents: readFileSync(file, 'utf8'), loader: 'text', watchFiles: [file] };
        });
      },
    },
  ],
  plugins: [
    {
      // esbuild wraps require in a shim, which bundlers do not follow.
      name: 'plain-require',
      renderChunk(code) {
        return this.format === 'cjs' ? { code: code.replaceAll('__require("', 'require("') } : undefined;
      },
    },
  ],
});
