/** The routes of endpoints, below `/api/webhooks`. */
import { Hono } from 'hono';
import type { Endpoint } from '../types.js';
import type { ApiContext, ApiEnv } from './context.js';
import {
  createSchema,
  emptySchema,
  enableSchema,
  readBody,
  readDeliveryFilter,
  readPage,
  rotateSchema,
  updateSchema,
} from './input.js';
import { toDeliveryJson, toEndpointJson, toPageJson, toPingJson } from './json.js';
import { spend } from './limits.js';
import type { ApiParts } from './parts.js';
import { rejection } from './rejection.js';

/** Finds the endpoint of the path. An endpoint of another account gets the same response as one that does not exist. */
async function findOwnEndpoint({ sender }: ApiParts, c: ApiContext): Promise<Endpoint> {
  const endpoint = await sender.getEndpoint(c.req.param('id') ?? '');
  if (endpoint?.accountId === c.var.accountId) return endpoint;
  throw rejection(404, 'there is no such webhook');
}

async function createEndpoint({ backend, limits, quotas }: ApiParts, c: ApiContext): Promise<Response> {
  const { url, events, secret } = await readBody(c, createSchema);
  // A new endpoint is pinged.
  spend(c, quotas.pings);
  const { accountId, resourceId } = c.var;
  const input = { url, events, accountId, secret };
  const created = await backend.createEndpoint(input, `wh_${resourceId}`, limits.endpoints);
  const json = { ...toEndpointJson(created), ping: toPingJson(created.ping) };
  return c.json(created.secret === undefined ? json : { ...json, secret: created.secret }, 201);
}

async function listEndpoints({ sender }: ApiParts, c: ApiContext): Promise<Response> {
  const page = await sender.listEndpoints({ accountId: c.var.accountId, ...readPage(c) });
  return c.json(toPageJson(page, toEndpointJson));
}

async function getEndpoint(api: ApiParts, c: ApiContext): Promise<Response> {
  return c.json(toEndpointJson(await findOwnEndpoint(api, c)));
}

async function updateEndpoint(api: ApiParts, c: ApiContext): Promise<Response> {
  const { id } = await findOwnEndpoint(api, c);
  const updated = await api.sender.updateEndpoint(id, await readBody(c, updateSchema));
  return c.json(toEndpointJson(updated));
}

async function deleteEndpoint(api: ApiParts, c: ApiContext): Promise<Response> {
  const { id } = await findOwnEndpoint(api, c);
  await api.sender.deleteEndpoint(id);
  return c.body(null, 204);
}

async function pingEndpoint(api: ApiParts, c: ApiContext): Promise<Response> {
  const { id } = await findOwnEndpoint(api, c);
  await readBody(c, emptySchema);
  spend(c, api.quotas.pings);
  return c.json(toPingJson(await api.sender.pingEndpoint(id)));
}

async function enableEndpoint(api: ApiParts, c: ApiContext): Promise<Response> {
  const { id } = await findOwnEndpoint(api, c);
  const enabled = await api.sender.enableEndpoint(id, await readBody(c, enableSchema));
  return c.json({ ...toEndpointJson(enabled), released: enabled.released });
}

async function rotateSecret(api: ApiParts, c: ApiContext): Promise<Response> {
  const { id } = await findOwnEndpoint(api, c);
  const given = await readBody(c, rotateSchema);
  const { secret } = await api.sender.rotateSecret(id, given);
  // Only a generated secret is shown: the caller knows the one that it sent.
  return c.json(given.secret === undefined ? { id, secret } : { id });
}

async function listDeliveries(api: ApiParts, c: ApiContext): Promise<Response> {
  const { id } = await findOwnEndpoint(api, c);
  const page = await api.sender.listDeliveries({
    endpointId: id,
    ...readDeliveryFilter(c),
    ...readPage(c),
  });
  return c.json(toPageJson(page, toDeliveryJson));
}

export function endpointRoutes(api: ApiParts): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  routes.post('/', (c) => createEndpoint(api, c));
  routes.get('/', (c) => listEndpoints(api, c));
  routes.get('/:id', (c) => getEndpoint(api, c));
  routes.patch('/:id', (c) => updateEndpoint(api, c));
  routes.delete('/:id', (c) => deleteEndpoint(api, c));
  routes.post('/:id/ping', (c) => pingEndpoint(api, c));
  routes.post('/:id/enable', (c) => enableEndpoint(api, c));
  routes.post('/:id/rotate', (c) => rotateSecret(api, c));
  routes.get('/:id/deliveries', (c) => listDeliveries(api, c));
  return routes;
}
