import { createMemoryStore } from '../sender/stores/memory/memory.js';
import type { SenderStore } from '../sender/stores/store.js';
import { createEmulatorCore } from './emulator.js';
import { createApp } from './http/app.js';
import { startServer } from './http/server.js';
import { resolveOptions } from './options.js';
import type { Emulator, EmulatorOptions } from './types.js';

/** Opens the store. SQLite is loaded only if it is needed, because Node 20 has none. */
async function openStore(db: string | undefined): Promise<SenderStore> {
  if (db === undefined) return createMemoryStore();
  const { createSqliteStore } = await import('../sender/stores/sqlite/sqlite.js');
  return createSqliteStore({ path: db, synchronous: 'normal' });
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
  const store = await openStore(settings.db);
  let url = '';
  const core = createEmulatorCore(store, settings, () => url);
  const server = await startServer(
    createApp(core, () => url),
    settings.port,
  ).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  url = server.url;
  await core.sender.start();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll());
  async function stopAll(): Promise<void> {
    await server.close();
    await core.sender.stop({ drainMs: 0 });
    await store.close();
  }
  return { ...core, url, stop, [Symbol.asyncDispose]: stop };
}
