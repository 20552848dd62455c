import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { array, boolean, optional, strictObject, string, type ZodMiniType } from 'zod/mini';
import { accountFinder } from './keys.js';
import { idempotency, type ApiEnv } from './idempotency.js';
import { checkLimits, createQuota, type Quota, type SenderApiLimits } from './limits.js';
import { toPublicDelivery, toPublicDetails, toPublicEndpoint, toPublicPing } from './json.js';
import { isSenderError, type SenderErrorCode } from '../errors.js';
import { quote } from '../input.js';
import { internals } from '../internals.js';
import type { DeliveryStatus } from '../records.js';
import type { CreatedEndpoint, Endpoint, ListOptions, PingResult, Sender } from '../types.js';

export type { SenderApiLimits } from './limits.js';

/** Options of {@link createSenderApi}. */
export interface SenderApiOptions {
  /** Each key with the account it speaks for. At least 16 characters. */
  apiKeys: Readonly<Record<string, string>>;
  /** What an account may have and ask for. See {@link SenderApiLimits} for the defaults. */
  limits?: SenderApiLimits | undefined;
  /** Told of what made the API answer 500. */
  onError?: ((error: unknown) => unknown) | undefined;
}

/** Made by {@link createSenderApi}: what a server needs of a Hono app. */
export interface SenderApi {
  /** Answers a request under `/api/webhooks`. Needs no `this`. */
  readonly fetch: (request: Request) => Promise<Response>;
}

/** Enough for a URL, twelve names and a secret, many times over. */
const maxBodyBytes = 65_536;

const fieldByCode: Partial<Record<SenderErrorCode, string>> = {
  invalid_url: 'url',
  invalid_events: 'events',
  invalid_secret: 'secret',
};

const createInput = strictObject({ url: string(), events: array(string()), secret: optional(string()) });
const updateInput = strictObject({ url: optional(string()), events: optional(array(string())) });
const enableInput = strictObject({ release: optional(boolean()) });
const rotateInput = strictObject({ secret: optional(string()) });
const noInput = strictObject({});

const deliveryStatuses: readonly string[] = [
  'scheduled',
  'attempting',
  'held',
  'succeeded',
  'failed',
  'cancelled',
] satisfies DeliveryStatus[];

function refuse(status: 400 | 401 | 404 | 413 | 422 | 429, error: string): HTTPException {
  return new HTTPException(status, { message: error });
}

/** The body, by its schema; an absent one is empty. What is wrong names its field. */
async function input<Value>(c: Context, schema: ZodMiniType<Value>): Promise<Value> {
  const text = await c.req.text();
  let json: unknown;
  try {
    json = text === '' ? {} : JSON.parse(text);
  } catch {
    throw refuse(400, 'the body is not JSON');
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  const keys = issue?.code === 'unrecognized_keys' ? quote(issue.keys.join(', ')).slice(1, -1) : undefined;
  if (keys !== undefined) throw refuse(422, `${keys}: not a field of this call`);
  throw refuse(422, `${field === '' ? 'the body' : field}: ${expected(issue)}`);
}

function expected(
  issue: { readonly code?: string | undefined; readonly expected?: unknown } | undefined,
): string {
  return typeof issue?.expected === 'string' ? `expected ${issue.expected}` : 'is not what was expected';
}

/** Takes one from the account's quota, and says in the headers what is left. */
function spend(c: Context<ApiEnv>, quota: Quota): void {
  const { isAllowed, retryAfterSeconds, policy, limit } = quota.take(c.var.accountId);
  c.header('ratelimit-policy', policy, { append: true });
  c.header('ratelimit', limit, { append: true });
  if (isAllowed) return;
  c.header('retry-after', String(retryAfterSeconds));
  throw refuse(429, `too many requests: retry after ${retryAfterSeconds} s`);
}

function pageOf(c: Context): ListOptions {
  const { cursor, limit } = c.req.query();
  if (limit !== undefined && !/^\d{1,3}$/.test(limit))
    throw refuse(422, 'limit: expected a whole number from 1 to 100');
  return { ...(cursor !== undefined && { cursor }), ...(limit !== undefined && { limit: Number(limit) }) };
}

/**
 * The platform's API of endpoints and deliveries (contract section 1), served by Hono. An account sees its own
 * endpoints only; those of no account are not seen through the API. A refusal is `{"error": "<message>"}`.
 *
 * Every POST takes an `Idempotency-Key`: a call that is retried with the same one within 24 hours gets the first
 * response. Requests beyond the limits of an account get 429 with `Retry-After`; `RateLimit` and `RateLimit-Policy` say
 * what is left.
 *
 * @param options.apiKeys - Keys are compared in constant time.
 * @param options.limits - Per account and process.
 * @throws `TypeError` without keys, with one that is too short, or with a limit that cannot be one.
 *
 * @example
 * import { serve } from '@hono/node-server';
 * const api = createSenderApi(sender, { apiKeys: { [process.env.API_KEY!]: 'acc_1' } });
 * serve({ fetch: api.fetch, port: 8080 });
 * // In an app of your own: app.all('/api/webhooks/*', (c) => api.fetch(c.req.raw))
 */
export function createSenderApi(sender: Sender, options: SenderApiOptions): SenderApi {
  const accountOf = accountFinder((options as Partial<SenderApiOptions> | undefined)?.apiKeys ?? {});
  const inner = internals.get(sender);
  if (!inner) throw new TypeError('createSenderApi needs a sender that createSender made.');
  const limits = checkLimits(options.limits);
  const now = (): number => inner.clock.now();
  const requests = createQuota('requests', limits.requestsPerMinute, now);
  const pings = createQuota('pings', limits.pingsPerMinute, now);
  const redeliveries = createQuota('redeliveries', limits.redeliveriesPerMinute, now);
  const app = new Hono<ApiEnv>().basePath('/api/webhooks');

  /** The endpoint, if it is the account's own. Of another's nobody learns that it exists. */
  async function own(c: Context<ApiEnv>, id: string): Promise<Endpoint> {
    const endpoint = await sender.getEndpoint(id);
    if (endpoint?.accountId === c.var.accountId) return endpoint;
    throw refuse(404, 'there is no such webhook');
  }

  async function ownDelivery(c: Context<ApiEnv>, id: string): ReturnType<Sender['getDelivery']> {
    const details = await sender.getDelivery(id);
    const endpoint = details && (await sender.getEndpoint(details.delivery.endpointId));
    if (endpoint?.accountId === c.var.accountId) return details;
    throw refuse(404, 'there is no such delivery');
  }

  function created(endpoint: CreatedEndpoint): object {
    const { secret, ping } = endpoint;
    return {
      ...toPublicEndpoint(endpoint),
      ping: toPublicPing(ping),
      ...(secret !== undefined && { secret }),
    };
  }

  app.use(async (c, next) => {
    const accountId = accountOf(c.req.header('authorization'));
    if (accountId === undefined) {
      c.header('www-authenticate', 'Bearer');
      return c.json({ error: 'unauthorized: send Authorization: Bearer <API key>' }, 401);
    }
    c.set('accountId', accountId);
    spend(c, requests);
    return next();
  });
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: (c) => c.json({ error: `the body is longer than ${maxBodyBytes} bytes` }, 413),
    }),
  );
  app.use(
    idempotency({
      internals: inner,
      maxKeys: limits.idempotencyKeys,
      onError: (error) => options.onError?.(error),
    }),
  );

  app.post('/', async (c) => {
    const { url, events, secret } = await input(c, createInput);
    // A new endpoint is pinged.
    spend(c, pings);
    const { accountId, resourceId } = c.var;
    const made = await inner.createEndpointOnce(
      { url, events, accountId, ...(secret !== undefined && { secret }) },
      `wh_${resourceId}`,
      limits.endpoints,
    );
    return c.json(created(made), 201);
  });
  app.get('/', async (c) => {
    const { items, nextCursor } = await sender.listEndpoints({ accountId: c.var.accountId, ...pageOf(c) });
    return c.json({ data: items.map(toPublicEndpoint), next_cursor: nextCursor ?? null });
  });

  app.get('/deliveries/:id', async (c) => {
    const details = await ownDelivery(c, c.req.param('id'));
    return c.json(details && toPublicDetails(details));
  });
  app.post('/deliveries/:id/redeliver', async (c) => {
    await input(c, noInput);
    await ownDelivery(c, c.req.param('id'));
    spend(c, redeliveries);
    const redelivery = await inner.redeliverOnce(c.req.param('id'), `dlv_${c.var.resourceId}`);
    return c.json(toPublicDelivery(redelivery), 201);
  });

  app.get('/:id', async (c) => c.json(toPublicEndpoint(await own(c, c.req.param('id')))));
  app.patch('/:id', async (c) => {
    const { id } = await own(c, c.req.param('id'));
    const { url, events } = await input(c, updateInput);
    const changed = await sender.updateEndpoint(id, {
      ...(url !== undefined && { url }),
      ...(events !== undefined && { events }),
    });
    return c.json(toPublicEndpoint(changed));
  });
  app.delete('/:id', async (c) => {
    const { id } = await own(c, c.req.param('id'));
    await sender.deleteEndpoint(id);
    return c.body(null, 204);
  });
  app.post('/:id/ping', async (c) => {
    const { id } = await own(c, c.req.param('id'));
    await input(c, noInput);
    spend(c, pings);
    const result: PingResult = await sender.pingEndpoint(id);
    return c.json(toPublicPing(result));
  });
  app.post('/:id/enable', async (c) => {
    const { id } = await own(c, c.req.param('id'));
    const { release } = await input(c, enableInput);
    const enabled = await sender.enableEndpoint(id, { release: release ?? false });
    return c.json({ ...toPublicEndpoint(enabled), released: enabled.released });
  });
  app.post('/:id/rotate', async (c) => {
    const { id } = await own(c, c.req.param('id'));
    const { secret } = await input(c, rotateInput);
    const rotated = await sender.rotateSecret(id, secret === undefined ? {} : { secret });
    // One that the caller gave is not shown again.
    return c.json(secret === undefined ? { id, secret: rotated.secret } : { id });
  });
  app.get('/:id/deliveries', async (c) => {
    const { id } = await own(c, c.req.param('id'));
    const { status, event } = c.req.query();
    if (status !== undefined && !deliveryStatuses.includes(status)) {
      throw refuse(422, `status: expected one of ${deliveryStatuses.join(', ')}`);
    }
    const { items, nextCursor } = await sender.listDeliveries({
      endpointId: id,
      ...(status !== undefined && { status: status as DeliveryStatus }),
      ...(event !== undefined && { event }),
      ...pageOf(c),
    });
    return c.json({ data: items.map(toPublicDelivery), next_cursor: nextCursor ?? null });
  });

  const outer = new Hono();
  outer.route('/', app);
  outer.notFound((c) => c.json({ error: 'there is no such route' }, 404));
  outer.onError((error, c) => {
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    if (isSenderError(error)) {
      const field = fieldByCode[error.code];
      return c.json(
        { error: field === undefined ? error.message : `${field}: ${error.message}` },
        error.status,
      );
    }
    options.onError?.(error);
    return c.json({ error: 'internal error' }, 500);
  });
  return {
    async fetch(request) {
      const response = await outer.fetch(request);
      // Also of errors and unknown routes: responses hold secrets, and what is there changes.
      response.headers.set('cache-control', 'no-store');
      return response;
    },
  };
}
