import { setMaxListeners } from 'node:events';
import process from 'node:process';
import { createMemoryStore } from '../sender/stores/memory/memory.js';
import type { SenderStore } from '../sender/stores/store.js';
import { createEmulatorCore } from './emulator.js';
import { createApp } from './http/app.js';
import { startServer } from './http/server.js';
import { resolveOptions, type EmulatorSettings } from './options.js';
import { StateFile } from './state-file.js';
import type { Emulator, EmulatorOptions } from './types.js';

/** Opens the store. SQLite is loaded only if it is needed, because Node 20 has none. */
async function openStore(db: string | undefined): Promise<SenderStore> {
  if (db === undefined) return createMemoryStore();
  const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown };
  if (getBuiltinModule?.('node:sqlite') === undefined) {
    throw new Error(
      `db needs Node 22.13 or later; this is ${process.version}. Update Node, or leave db out to keep everything in memory.`,
    );
  }
  const { createSqliteStore } = await import('../sender/stores/sqlite/sqlite.js');
  return createSqliteStore({ path: db, synchronous: 'normal' });
}

/** Functions that close what was opened, in the order of opening. */
type Cleanups = (() => Promise<void>)[];

/** Closes in the reverse order, even if one of them fails. */
async function closeAll(cleanups: Cleanups): Promise<void> {
  const errors: unknown[] = [];
  for (const close of cleanups.splice(0).reverse())
    await close().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0] as Error;
}

function createStopping(): AbortController {
  const stopping = new AbortController();
  // Every call that waits and every stream listens.
  setMaxListeners(0, stopping.signal);
  return stopping;
}

/** Opens everything, and adds to `cleanups` what has to be closed. */
async function open(
  settings: EmulatorSettings,
  stopping: AbortSignal,
  cleanups: Cleanups,
): Promise<Omit<Emulator, 'stop' | typeof Symbol.asyncDispose>> {
  const { db, port, onError } = settings;
  const store = await openStore(db);
  cleanups.push(() => store.close());
  const state = new StateFile(db === undefined ? undefined : `${db}.emulator.json`);
  let url = '';
  const urlOfServer = (): string => url;
  const core = createEmulatorCore({ store, state, settings, urlOfServer, stopping });
  const server = await startServer(createApp({ emulator: core, urlOfServer, onError }), port, onError);
  ({ url } = server);
  // Added together: requests end before the sender stops.
  cleanups.push(
    () => core.sender.stop({ drainMs: 0 }),
    () => server.close(),
  );
  await core.sender.start();
  const { stopping: _, ...emulator } = core;
  return { ...emulator, url };
}

/**
 * Starts the platform on this machine: a sender that is already running, the platform's API, and a dashboard to look at,
 * on 127.0.0.1. For development and tests.
 *
 * Requests carry the machine's time, so receivers accept them even after the emulator's clock was moved.
 *
 * @throws `TypeError` if an option is not valid
 * @throws `Error` if the port is taken, or the file cannot be opened
 *
 * @example
 * await using emulator = await startEmulator();
 * await emulator.createEndpoint({ url: 'http://localhost:3000/webhooks/hostwares', events: ['*'], secret });
 * const { deliveries } = await emulator.trigger('deployment.failed');
 * const attempt = await emulator.waitForAttempt(deliveries[0].id);
 * expect(attempt.result.status).toBe(200);
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const settings = resolveOptions(options);
  const stopping = createStopping();
  const cleanups: Cleanups = [];
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping.abort(new Error('The emulator was stopped.'));
    return (stopped ??= closeAll(cleanups));
  };
  try {
    const emulator = await open(settings, stopping.signal, cleanups);
    return { ...emulator, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    // The first error is the one to report.
    await stop().catch(() => undefined);
    throw error;
  }
}
