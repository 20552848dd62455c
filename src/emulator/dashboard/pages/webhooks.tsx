import type { Context } from 'hono';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Endpoint } from '../../../sender/types.js';
import type { Dashboard } from '../context.js';
import { formatCount } from '../format.js';
import { deliveryPath, endpointPath } from '../links.js';
import { EmptyState } from '../parts/feedback.js';
import { DeliveryBadge, describeResult, EndpointBadge } from '../parts/status.js';
import { Time } from '../parts/time.js';
import { listDeliveryRows, listEndpoints, type DeliveryRow } from '../queries.js';
import { respondWithPage } from '../respond.js';

interface RowProps {
  readonly endpoint: Endpoint;
  readonly last: DeliveryRow | undefined;
  readonly nowMs: number;
}

/** Describes the subscriptions of an endpoint. */
function describeEvents({ events }: Endpoint): string {
  if (events.includes('*')) return 'All events';
  return events.length <= 2 ? events.join(', ') : formatCount(events.length, 'event type');
}

function LastResult({ last, nowMs }: Omit<RowProps, 'endpoint'>): JSX.Element {
  if (!last) return <span class="muted">nothing was sent yet</span>;
  const { delivery, lastAttempt } = last;
  return (
    <>
      <DeliveryBadge delivery={delivery} /> <a href={deliveryPath(delivery.id)}>{delivery.eventType}</a>{' '}
      {lastAttempt && <span>{describeResult(lastAttempt)}</span>}{' '}
      <span class="muted nowrap">
        <Time atMs={lastAttempt?.startedAtMs ?? delivery.createdAtMs} nowMs={nowMs} />
      </span>
    </>
  );
}

function Row({ endpoint, last, nowMs }: RowProps): JSX.Element {
  return (
    <tr data-key={endpoint.id}>
      <td data-label="Status" class="status">
        <EndpointBadge endpoint={endpoint} />
      </td>
      <td data-label="URL" class="lead clipped">
        <a class="strong url" href={endpointPath(endpoint.id)} title={endpoint.url}>
          {endpoint.url}
        </a>
      </td>
      <td data-label="Events" class="wide">
        <span title={endpoint.events.join(', ')}>{describeEvents(endpoint)}</span>
      </td>
      <td data-label="Last result" class="wide">
        <LastResult last={last} nowMs={nowMs} />
      </td>
    </tr>
  );
}

/** Settings → Webhooks: the endpoints with their status and last result. */
export async function webhooksPage(c: Context, dashboard: Dashboard): Promise<Response> {
  const endpoints = await listEndpoints(dashboard);
  const rows = await Promise.all(
    endpoints.map(async (endpoint) => {
      const { rows: last } = await listDeliveryRows(dashboard, { endpointId: endpoint.id }, 1);
      return { endpoint, last: last[0] };
    }),
  );
  const nowMs = dashboard.emulator.clock.now();
  return respondWithPage(c, dashboard, {
    title: 'Webhooks',
    section: 'webhooks',
    content: (
      <>
        <p class="back">Settings</p>
        <div class="title">
          <h1>Webhooks</h1>
          <div class="buttons">
            <a class="button primary" href="/settings/webhooks/new">
              Add Webhook Endpoint
            </a>
          </div>
        </div>
        <div id="endpoints" data-live="">
          {rows.length === 0 ? (
            <EmptyState title="No endpoints yet">
              <p>
                An endpoint is the URL of your application that receives the events. Add one: a ping tells at
                once whether it answers.
              </p>
            </EmptyState>
          ) : (
            <table class="cards">
              <caption class="hidden">Webhook endpoints, newest first</caption>
              <thead>
                <tr>
                  <th scope="col">Status</th>
                  <th scope="col">URL</th>
                  <th scope="col">Events</th>
                  <th scope="col">Last result</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <Row {...row} nowMs={nowMs} />
                ))}
              </tbody>
            </table>
          )}
        </div>
      </>
    ),
  });
}
