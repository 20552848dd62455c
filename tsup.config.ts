import { defineConfig } from 'tsup';

// One entry per subpath of package.json's `exports`; test/structure.test.ts holds them together.
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    express: 'adapters/express.ts',
    hono: 'adapters/hono.ts',
    next: 'adapters/next.ts',
    node: 'adapters/node.ts',
    notifiers: 'src/notifiers/index.ts',
    testing: 'src/testing/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  dts: true,
  clean: true,
  treeshake: true,
});
