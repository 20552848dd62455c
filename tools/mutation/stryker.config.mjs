// Mutation tests of what must never be wrong: npm run test:mutation [-- --mutate "src/signing/**"]. Not in the gate: it takes long.
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: [
    'src/signing/**/*.ts',
    'src/verify/**/*.ts',
    'src/receiver/**/*.ts',
    'src/replay/**/*.ts',
    'src/sender/delivery/**/*.ts',
    'src/sender/transport/{url-guard,public-address}.ts',
    'src/notifiers/**/*.ts',
  ],
  testRunner: 'vitest',
  vitest: { configFile: 'tools/mutation/vitest.config.ts' },
  // Relative to this folder, where the plugins are installed.
  plugins: ['@stryker-mutator/vitest-runner'],
  coverageAnalysis: 'perTest',
  // Mutants in constants of a module are few; each of them would run every test.
  ignoreStatic: true,
  ignorePatterns: [
    '.work',
    'tools/mutation/.stryker-tmp',
    'bench',
    'dist',
    'docs/api',
    'tools/docs',
    '{examples/next,test/browser,test/frameworks,test/runtimes}/node_modules',
  ],
  incremental: true,
  incrementalFile: 'tools/mutation/reports/incremental.json',
  tempDirName: 'tools/mutation/.stryker-tmp',
  reporters: ['clear-text', 'html', 'json'],
  htmlReporter: { fileName: 'tools/mutation/reports/mutation.html' },
  jsonReporter: { fileName: 'tools/mutation/reports/mutation.json' },
  thresholds: { high: 95, low: 90, break: 90 },
};
