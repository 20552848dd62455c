/** The routes of deliveries, below `/api/webhooks/deliveries`. */
import { Hono } from 'hono';
import type { DeliveryDetails } from '../stores/store.js';
import type { ApiContext, ApiEnv } from './context.js';
import { emptySchema, readBody } from './input.js';
import { toDeliveryDetailsJson, toDeliveryJson } from './json.js';
import { spend } from './limits.js';
import type { ApiParts } from './parts.js';
import { rejection } from './rejection.js';

/** Finds the delivery of the path. It belongs to the account that owns its endpoint. */
async function findOwnDelivery({ sender }: ApiParts, c: ApiContext): Promise<DeliveryDetails> {
  const details = await sender.getDelivery(c.req.param('id') ?? '');
  const endpoint = details && (await sender.getEndpoint(details.delivery.endpointId));
  if (details && endpoint?.accountId === c.var.accountId) return details;
  throw rejection(404, 'there is no such delivery');
}

async function getDelivery(api: ApiParts, c: ApiContext): Promise<Response> {
  return c.json(toDeliveryDetailsJson(await findOwnDelivery(api, c)));
}

async function redeliver(api: ApiParts, c: ApiContext): Promise<Response> {
  await readBody(c, emptySchema);
  const { delivery } = await findOwnDelivery(api, c);
  spend(c, api.quotas.redeliveries);
  const redelivery = await api.backend.redeliver(delivery.id, `dlv_${c.var.resourceId}`);
  return c.json(toDeliveryJson(redelivery), 201);
}

export function deliveryRoutes(api: ApiParts): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  routes.get('/:id', (c) => getDelivery(api, c));
  routes.post('/:id/redeliver', (c) => redeliver(api, c));
  return routes;
}
