import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Tests that need the build, a server, another process or several seconds. All others make up `npm run test:unit`.
const integration = [
  'test/emulator/dashboard/{deliveries,pages,protection,webhooks}.test.ts',
  'test/emulator/{emulator,faults,persistence,server,time-travel,volume}.test.ts',
  'test/cli/check/{gallery,receivers}.test.ts',
  'test/cli/process.test.ts',
  'test/package/**',
  'test/queues/**',
  'test/replay/crash/**',
  'test/replay/lost-connection.test.ts',
  'test/replay/postgres*.test.ts',
  'test/replay/redis*.test.ts',
  'test/sender/crash/**',
  'test/sender/delivery/{fairness,model,retention}.test.ts',
  'test/sender/interop.test.ts',
  'test/sender/stores/*.test.ts',
  'test/sender/transport/{happy-eyeballs,http,tls}.test.ts',
];
const all = ['test/**/*.test.ts'];
const excluded = ['**/node_modules/**', 'test/runtimes/**'];

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
        test: { name: 'unit', include: all, exclude: [...excluded, ...integration] },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: integration.map((pattern) => pattern.replace(/\/\*\*$/, '/**/*.test.ts')),
          exclude: excluded,
          typecheck: {
            enabled: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
    ],
  },
});
