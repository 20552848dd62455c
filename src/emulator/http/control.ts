/** The routes that control the emulator, below `/emulator`, in JSON. The command line and tests use them. */
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { number, optional, strictObject, string, unknown } from 'zod/mini';
import { readBody } from '../../sender/api/input.js';
import { toDeliveryJson } from '../../sender/api/json.js';
import { rejection } from '../../sender/api/rejection.js';
import { packageVersion } from '../../sender/version.js';
import type { EmulatorCore } from '../emulator.js';
import { fromWire } from '../trigger-input.js';
import type { EmulatorClock, FaultKind } from '../types.js';
import { followDeliveries } from './feed.js';

/** Above the longest event that the sender accepts. */
const maxBodyBytes = 1_048_576;

const eventSchema = strictObject({
  id: optional(string()),
  event: string(),
  timestamp: optional(string()),
  account_id: optional(string()),
  data: unknown(),
});
const clockSchema = strictObject({ action: string() });
const faultSchema = strictObject({ kind: string(), count: optional(number()) });

/** Rejects bodies that a form of another site can send without asking. */
function requireJson(): MiddlewareHandler {
  return async (c, next) => {
    const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (c.req.method !== 'POST' || type === 'application/json') return next();
    return c.json({ error: 'the body must be JSON: send Content-Type: application/json' }, 415);
  };
}

/** Publishes an event in its wire form. `id`, `timestamp` and `account_id` are optional. */
async function publish({ sender, accountId }: EmulatorCore, c: Context): Promise<Response> {
  const event = await readBody(c, eventSchema);
  const { eventId, created, deliveries } = await sender.publish(fromWire(event, accountId));
  return c.json({ event_id: eventId, created, deliveries: deliveries.map(toDeliveryJson) }, 201);
}

const clockActions: Readonly<Record<string, (clock: EmulatorClock) => unknown>> = {
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

async function setClock({ clock }: EmulatorCore, c: Context): Promise<Response> {
  const { action } = await readBody(c, clockSchema);
  const act = Object.hasOwn(clockActions, action) ? clockActions[action] : undefined;
  if (!act) throw rejection(422, `action: expected one of ${Object.keys(clockActions).join(', ')}`);
  await act(clock);
  return describeClock(c, clock);
}

async function addFault({ faults }: EmulatorCore, c: Context): Promise<Response> {
  const { kind, count } = await readBody(c, faultSchema);
  try {
    faults.add(kind as FaultKind, count);
  } catch (error) {
    throw rejection(422, (error as Error).message);
  }
  return c.json({ faults: faults.list() }, 201);
}

export function controlRoutes(emulator: EmulatorCore): Hono {
  const routes = new Hono();
  const { accountId, apiKey, clock, faults, mailbox } = emulator;
  routes.use(requireJson());
  routes.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: (c) => c.json({ error: `the body is longer than ${maxBodyBytes} bytes` }, 413),
    }),
  );
  routes.get('/', (c) =>
    c.json({
      name: '@hostwares/webhooks',
      version: packageVersion,
      account_id: accountId,
      api_key: apiKey,
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
  routes.all('*', (c) => c.json({ error: 'there is no such route' }, 404));
  return routes;
}
