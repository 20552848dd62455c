import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The tests of the mutated folders that need neither a server nor the build, and no long proofs.
export default defineConfig({
  test: {
    include: [
      'test/{conformance,events,notifiers,receiver,replay,signing,testing,verify}/**/*.test.ts',
      'test/sender/**/*.test.ts',
    ],
    exclude: [
      '**/node_modules/**',
      'test/**/crash/**',
      'test/replay/{lost-connection,postgres*,redis*}.test.ts',
      'test/sender/stores/**',
      'test/sender/email/**',
    ],
    setupFiles: [fileURLToPath(new URL('setup.ts', import.meta.url))],
    testTimeout: 20_000,
    silent: true,
    env: {
      PROPERTY_RUNS: '200',
      MODEL_RUNS: '50',
      RETENTION_DELIVERIES: '2000',
      FAN_OUT_ENDPOINTS: '500',
      REPLAY_ENTRIES: '20000',
    },
  },
});
