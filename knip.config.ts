import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  // The folders with a lockfile of their own are not npm workspaces: their programs are started by path.
  workspaces: {
    '.': {
      entry: [
        'examples/**/{server,worker,receiver}.ts',
        'examples/demo*.ts',
        'test/**/crash/*.mjs',
        'tools/*.mjs',
      ],
      project: ['**/*.{ts,tsx,mjs,cjs,js}'],
      // Express 4, which a test imports by a computed name.
      ignoreDependencies: ['express4'],
    },
    bench: { entry: ['*.mjs'] },
    // axe-core is loaded into the page by its path.
    'test/browser': { entry: ['*.mjs'], ignoreDependencies: ['axe-core'] },
    'test/frameworks': { entry: ['*.mjs'], ignoreDependencies: ['rxjs'] },
    // Its programs are copied into empty projects, together with the suites and the packages that they need.
    'test/runtimes': {
      entry: ['*.{mjs,cjs}', 'exact-options.ts', 'jest/*.js', 'oldest/*.mjs'],
      ignoreDependencies: [/./],
      ignoreUnresolved: [/-suite\.js$/],
    },
    'examples/next': { ignoreDependencies: [/./] },
    'tools/docs': { entry: ['*.mjs'] },
    'tools/mutation': { ignoreDependencies: [/^@stryker-mutator/] },
  },
  ignoreBinaries: ['wrk', 'redis-server', 'openssl', 'mount', 'umount', 'mkfifo', 'next'],
};

export default config;
