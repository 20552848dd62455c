// The import rules of ARCHITECTURE.md.
/** @type {(name: string, from: string, to: string | string[], comment: string) => object} */
const forbid = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: to },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: { path: '^(src|adapters)/' }, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      // The build inserts the assets as text.
      from: { orphan: true, pathNot: '^src/emulator/(raw\.d\.ts|dashboard/assets/)' },
      to: {},
    },
    {
      name: 'no-runtime-packages',
      comment:
        'The receiver has no runtime dependencies. Types of a framework are all that an adapter may import. The worker of BullMQ makes one of its objects.',
      severity: 'error',
      from: { path: '^(src/(?!sender/|emulator/|cli/|queues/bullmq)|adapters/)' },
      to: { dependencyTypesNot: ['local', 'type-only'], path: 'node_modules' },
    },
    {
      name: 'no-node-modules',
      comment:
        'One build for every runtime: no node: import, not even in the Node adapter. The sender, the emulator and the command line are for Node.',
      severity: 'error',
      from: { path: '^(src/(?!sender/|emulator/|cli/)|adapters/)' },
      to: { dependencyTypes: ['core'] },
    },
    forbid('src-not-adapters', '^src/', '^adapters/', 'Adapters know the core, not the other way round.'),
    forbid(
      'nothing-imports-tests',
      '^(src|adapters)/',
      '^(test|examples|bench)/',
      'Product code stands alone.',
    ),
    forbid(
      'nothing-imports-testing',
      '^(src/(?!testing/|emulator/|cli/)|adapters/)',
      '^src/(testing/|events/samples)',
      'Test helpers stay out of production bundles.',
    ),
    forbid('errors-import-nothing', '^src/errors', '.+', 'errors.ts is at the bottom.'),
    forbid('events-import-errors-only', '^src/events/', '^src/(?!errors|events/)', 'events -> errors'),
    forbid('signing-imports-errors-only', '^src/signing/', '^src/(?!signing/|errors)', 'signing -> errors'),
    forbid(
      'verify-imports-signing-and-events-only',
      '^src/verify/',
      '^src/(?!verify/|signing/|events/|errors)',
      'receiver -> verify -> signing, events, errors',
    ),
    forbid(
      'notifiers-import-events-and-errors-only',
      '^src/notifiers/',
      '^src/(?!notifiers/|errors|events/types)',
      'notifiers -> events (types), errors',
    ),
    forbid(
      'replay-stores-import-their-contract-only',
      '^src/replay/(?!guard|held-claim|call-store)',
      '^src/(?!replay/(store|postgres-client|postgres-pool)|shared/escape-text)',
      'A store knows its port, its client and how to escape text, nothing else.',
    ),
    forbid(
      'replay-guard-imports-little',
      '^src/replay/(guard|held-claim|call-store)',
      '^src/(?!replay/(store|held-claim|call-store)|errors|events/(key|types)|shared/with-timeout)',
      'guard, held-claim, call-store -> store, errors, events (key, types), with-timeout',
    ),
    forbid(
      'queues-through-the-front-door',
      '^src/queues/',
      '^src/(?!queues/|index|events/key|shared/)',
      'queues -> the public face, event keys, shared',
    ),
    forbid(
      'emulator-imports-sender-and-events',
      '^src/emulator/',
      '^src/(?!emulator/|sender/|events/|signing/|testing/|shared/|errors)',
      'emulator -> sender -> signing, events, errors',
    ),
    forbid(
      'nothing-imports-the-emulator',
      '^(src/(?!emulator/|cli/)|adapters/)',
      '^src/(emulator|cli)/',
      'cli -> emulator; nothing else uses them.',
    ),
    forbid(
      'nothing-imports-queues',
      '^(src/(?!queues/)|adapters/)',
      '^src/queues/',
      'Subpaths of their own.',
    ),
    forbid(
      'nothing-imports-notifiers',
      '^(src/(?!notifiers/)|adapters/)',
      '^src/notifiers/',
      'A subpath of its own.',
    ),
    {
      name: 'adapters-through-the-front-door',
      comment:
        'Adapters translate: they use the public face, and the body reader that both kinds of adapter share.',
      severity: 'error',
      from: { path: '^adapters/' },
      to: { path: '^src/', pathNot: '^src/(index|verify/body)\\.ts$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types'] },
  },
};
