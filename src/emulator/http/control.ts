/** The routes that control the emulator, below `/emulator`, in JSON. The command line and tests use them. */
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { streamSSE } from 'hono/streaming';
import { isSenderError } from '../../sender/errors.js';
import { toDeliveryJson } from '../../sender/api/json.js';
import type { PublishInput } from '../../sender/types.js';
import { packageVersion } from '../../sender/version.js';
import type { EmulatorCore } from '../emulator.js';
import type { EmulatorClock, FaultKind } from '../types.js';

/** Above the longest event that the sender accepts. */
const maxBodyBytes = 1_048_576;

async function readJson(c: Context): Promise<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(await c.req.text());
  } catch {
    throw new HTTPException(400, { message: 'the body is not JSON' });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new HTTPException(422, { message: 'the body must be a JSON object' });
}

/** Publishes an event in its wire form. `id`, `timestamp` and `account_id` are optional. */
async function publish({ sender, accountId }: EmulatorCore, c: Context): Promise<Response> {
  const { event: name, ...rest } = await readJson(c);
  if (typeof name !== 'string')
    throw new HTTPException(422, { message: 'event: expected the name of a type' });
  const event = { timestamp: new Date().toISOString(), account_id: accountId, ...rest, event: name };
  const result = await sender.publish(event as PublishInput);
  return c.json({ event_id: result.eventId, deliveries: result.deliveries.map(toDeliveryJson) }, 201);
}

const clockActions: Record<string, (clock: EmulatorClock) => unknown> = {
  pause: (clock) => {
    clock.pause();
  },
  resume: (clock) => {
    clock.resume();
  },
  jump: (clock) => clock.jumpToNextRetry(),
  run: (clock) => clock.runToEnd(),
};

async function describeClock(c: Context, clock: EmulatorClock): Promise<Response> {
  const nextMs = await clock.nextRetryAtMs();
  return c.json({
    now: new Date(clock.now()).toISOString(),
    paused: clock.isPaused,
    next_retry_at: nextMs === undefined ? null : new Date(nextMs).toISOString(),
  });
}

async function setClock(emulator: EmulatorCore, c: Context): Promise<Response> {
  const { action } = await readJson(c);
  const act =
    typeof action === 'string' && Object.hasOwn(clockActions, action) ? clockActions[action] : undefined;
  if (!act) {
    throw new HTTPException(422, {
      message: `action: expected one of ${Object.keys(clockActions).join(', ')}`,
    });
  }
  await act(emulator.clock);
  return describeClock(c, emulator.clock);
}

async function addFault({ faults }: EmulatorCore, c: Context): Promise<Response> {
  const { kind, count = 1 } = await readJson(c);
  try {
    faults.add(kind as FaultKind, count as number);
  } catch (error) {
    throw new HTTPException(422, { message: (error as Error).message });
  }
  return c.json({ faults: faults.list() }, 201);
}

/** Sends a message for each change of a delivery, for as long as the client is connected. */
function followDeliveries(emulator: EmulatorCore, c: Context): Response {
  return streamSSE(c, async (stream) => {
    const stop = emulator.onDelivery(async ({ delivery }) => {
      await stream.writeSSE({ event: 'delivery', data: JSON.stringify(toDeliveryJson(delivery)) });
    });
    const ended = new Promise<void>((resolve) => {
      stream.onAbort(resolve);
    });
    await stream.writeSSE({ event: 'ready', data: '{}' });
    await ended;
    stop();
  });
}

export function controlRoutes(emulator: EmulatorCore): Hono {
  const routes = new Hono();
  const { clock, faults, mailbox } = emulator;
  routes.use(bodyLimit({ maxSize: maxBodyBytes }));
  routes.get('/', (c) =>
    c.json({
      name: '@hostwares/webhooks',
      version: packageVersion,
      account_id: emulator.accountId,
      api_key: emulator.apiKey,
    }),
  );
  routes.post('/events', (c) => publish(emulator, c));
  routes.get('/clock', (c) => describeClock(c, clock));
  routes.post('/clock', (c) => setClock(emulator, c));
  routes.get('/faults', (c) => c.json({ faults: faults.list() }));
  routes.post('/faults', (c) => addFault(emulator, c));
  routes.delete('/faults', (c) => {
    faults.clear();
    return c.body(null, 204);
  });
  routes.get('/mails', (c) => c.json({ mails: mailbox.list() }));
  routes.get('/feed', (c) => followDeliveries(emulator, c));
  routes.onError((error, c) => {
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    if (isSenderError(error)) return c.json({ error: error.message }, error.status);
    throw error;
  });
  return routes;
}
