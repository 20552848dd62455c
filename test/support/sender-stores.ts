// The stores on which the sender's suites run.
import { createMemoryStore } from '../../src/sender/stores/memory/memory.js';
import type { SenderStore } from '../../src/sender/stores/store.js';
import { createSqliteStore } from '../../src/sender/stores/sqlite/sqlite.js';

export const stores: readonly { readonly name: string; readonly open: () => SenderStore }[] = [
  { name: 'memory', open: createMemoryStore },
  { name: 'SQLite', open: () => createSqliteStore({ path: ':memory:' }) },
];
