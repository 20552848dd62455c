import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests of Redis, Postgres and the queues. Without a server they are skipped; `npm run test:servers` and the gate run them.
const servers = [
  'test/package/docs-connections.test.ts',
  'test/queues/**',
  'test/replay/crash/**',
  'test/replay/{lost-connection,postgres,postgres-clients,redis,redis-cluster}.test.ts',
];
// Tests that need the build, another process or several seconds. All others make up `npm run test:unit`.
const integration = [
  'test/emulator/dashboard/{deliveries,pages,protection,webhooks}.test.ts',
  'test/emulator/{emulator,faults,persistence,server,time-travel,volume}.test.ts',
  'test/cli/check/{gallery,receivers}.test.ts',
  'test/cli/process.test.ts',
  'test/package/**',
  'test/sender/crash/**',
  'test/sender/delivery/{fairness,model,retention}.test.ts',
  'test/sender/interop.test.ts',
  'test/sender/stores/*.test.ts',
  'test/sender/transport/{happy-eyeballs,http,tls}.test.ts',
];
const all = ['test/**/*.test.ts'];
const excluded = ['**/node_modules/**', 'test/runtimes/**'];

/** Patterns that name a folder include its tests only. */
const testsOf = (patterns: readonly string[]) =>
  patterns.map((pattern) => pattern.replace(/\/\*\*$/, '/**/*.test.ts'));

export default defineConfig({
  test: {
    testTimeout: 20_000,
    pool: 'threads',
    silent: 'passed-only',
    // Many integration tests wait for a server or a process, so one worker more than there are cores pays.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: all, exclude: [...excluded, ...integration, ...servers] },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: testsOf(integration),
          exclude: [...excluded, ...servers],
          typecheck: {
            enabled: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
      {
        extends: true,
        test: { name: 'servers', include: testsOf(servers), exclude: excluded },
      },
    ],
  },
});
