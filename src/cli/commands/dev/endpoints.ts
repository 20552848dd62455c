import type { Emulator } from '../../../emulator/types.js';
import type { Endpoint } from '../../../sender/types.js';
import type { Target } from './targets.js';

/** An endpoint that `dev` forwards to. */
export interface ForwardedEndpoint {
  readonly endpoint: Endpoint;
  /** Whether it was created, or found in the database and possibly enabled again. */
  readonly state: 'created' | 'reused' | 'enabled';
}

/** Finds the endpoint with a URL; undefined if there is none. */
export async function findEndpoint(emulator: Emulator, url: string): Promise<Endpoint | undefined> {
  let cursor: string | undefined;
  do {
    const page = await emulator.sender.listEndpoints({ accountId: emulator.accountId, limit: 100, cursor });
    const found = page.items.find((endpoint) => new URL(endpoint.url).href === url);
    if (found) return found;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return undefined;
}

async function createEndpoint(
  emulator: Emulator,
  target: Target,
  secret: string,
): Promise<ForwardedEndpoint> {
  const { url, events = ['*'] } = target;
  // It is pinged as it is saved.
  return { endpoint: await emulator.createEndpoint({ url, events, secret }), state: 'created' };
}

/** Adapts an endpoint of the database to the command line, and pings it. */
async function reuseEndpoint(
  emulator: Emulator,
  existing: Endpoint,
  { events }: Target,
  secret: string,
): Promise<ForwardedEndpoint> {
  const { sender } = emulator;
  if ((await emulator.secretOf(existing.id)) !== secret) await sender.rotateSecret(existing.id, { secret });
  let endpoint = events === undefined ? existing : await sender.updateEndpoint(existing.id, { events });
  const wasDisabled = endpoint.status === 'disabled';
  if (wasDisabled) endpoint = await sender.enableEndpoint(existing.id);
  await sender.pingEndpoint(existing.id);
  return { endpoint, state: wasDisabled ? 'enabled' : 'reused' };
}

/** Creates the endpoint of a target, or reuses the one with the same URL. Resolves after its ping. */
export async function prepareEndpoint(
  emulator: Emulator,
  target: Target,
  secret: string,
): Promise<ForwardedEndpoint> {
  const existing = await findEndpoint(emulator, target.url);
  return existing
    ? reuseEndpoint(emulator, existing, target, secret)
    : createEndpoint(emulator, target, secret);
}
