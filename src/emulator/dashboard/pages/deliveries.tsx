import type { Context } from 'hono';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { eventTypes } from '../../../events/types.js';
import type { Endpoint } from '../../../sender/types.js';
import type { Dashboard } from '../context.js';
import { deliveriesPath } from '../links.js';
import { DeliveryTable } from '../parts/delivery-table.js';
import { EmptyState } from '../parts/feedback.js';
import { Select } from '../parts/form.js';
import { deliveryStatuses, isDeliveryStatus } from '../parts/status.js';
import { findDeliveries, listEndpoints, type DeliveryFilters } from '../queries.js';
import { respondWithPage } from '../respond.js';

function readFilters(c: Context): DeliveryFilters {
  const read = (name: string): string => (c.req.query(name) ?? '').trim();
  const status = read('status');
  return {
    endpoint: read('endpoint'),
    event: read('event'),
    status: isDeliveryStatus(status) ? status : '',
    q: read('q'),
  };
}

/** The types to choose from, and the chosen one if it is another. */
function eventOptions(selected: string): (readonly [string, string])[] {
  const names = ['', ...eventTypes, 'ping'];
  if (!names.includes(selected)) names.push(selected);
  return names.map((name) => [name, name || 'All events']);
}

const statusOptions: readonly (readonly [string, string])[] = [
  ['', 'All statuses'],
  ...Object.entries(deliveryStatuses).map(([value, { label }]) => [value, label] as const),
];

function SelectFilter(props: {
  readonly name: string;
  readonly label: string;
  readonly selected: string;
  readonly options: readonly (readonly [value: string, label: string])[];
}): JSX.Element {
  const { label, ...select } = props;
  const id = `filter-${props.name}`;
  return (
    <div>
      <label for={id}>{label}</label>
      <Select id={id} {...select} />
    </div>
  );
}

function Filters(props: {
  readonly filters: DeliveryFilters;
  readonly endpoints: readonly Endpoint[];
}): JSX.Element {
  const { filters, endpoints } = props;
  const isFiltered = Object.values(filters).some((value) => value !== '');
  return (
    <form class="filters" method="get" action="/deliveries" data-submit-on-change="">
      <SelectFilter
        name="endpoint"
        label="Endpoint"
        selected={filters.endpoint}
        options={[['', 'All endpoints'], ...endpoints.map(({ id, url }) => [id, url] as const)]}
      />
      <SelectFilter
        name="event"
        label="Event"
        selected={filters.event}
        options={eventOptions(filters.event)}
      />
      <SelectFilter name="status" label="Status" selected={filters.status} options={statusOptions} />
      <div class="grow">
        <label for="filter-q">Delivery or event id</label>
        <input
          id="filter-q"
          name="q"
          type="search"
          value={filters.q}
          placeholder="dlv_… or evt_…"
          spellcheck={false}
        />
      </div>
      <div class="buttons">
        <button type="submit">Filter</button>
        {isFiltered && (
          <a class="button quiet" href="/deliveries">
            Clear
          </a>
        )}
      </div>
    </form>
  );
}

function NoDeliveries(props: { readonly isFiltered: boolean; readonly hasEndpoints: boolean }): JSX.Element {
  if (props.isFiltered) {
    return (
      <EmptyState title="No delivery matches">
        <p>
          Choose other filters, or <a href="/deliveries">look at all deliveries</a>.
        </p>
      </EmptyState>
    );
  }
  return props.hasEndpoints ? (
    <EmptyState title="No deliveries yet">
      <p>
        <a class="button primary" href="/send">
          Send an event
        </a>
      </p>
    </EmptyState>
  ) : (
    <EmptyState title="No deliveries yet">
      <p>An endpoint of yours receives the events. Add it first.</p>
      <p>
        <a class="button primary" href="/settings/webhooks/new">
          Add Webhook Endpoint
        </a>
      </p>
    </EmptyState>
  );
}

/** The list of deliveries: live, filtered, in pages of 50. */
export async function deliveriesPage(c: Context, dashboard: Dashboard): Promise<Response> {
  const filters = readFilters(c);
  const given = c.req.query('cursor');
  const cursor = given !== undefined && /^\d{1,15}$/.test(given) ? given : undefined;
  const endpoints = await listEndpoints(dashboard);
  const { rows, nextCursor } = await findDeliveries(dashboard, filters, cursor);
  const isFiltered = Object.values(filters).some((value) => value !== '');
  return respondWithPage(c, dashboard, {
    title: 'Deliveries',
    section: 'deliveries',
    content: (
      <>
        <div class="title">
          <h1>Deliveries</h1>
          <span class="live needs-script">Live</span>
        </div>
        <Filters filters={filters} endpoints={endpoints} />
        <div id="deliveries" data-live="">
          {rows.length === 0 ? (
            <NoDeliveries isFiltered={isFiltered} hasEndpoints={endpoints.length > 0} />
          ) : (
            <DeliveryTable
              caption="Deliveries, newest first"
              rows={rows}
              endpoints={new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]))}
              nowMs={dashboard.emulator.clock.now()}
            />
          )}
          {(cursor !== undefined || nextCursor !== undefined) && (
            <nav class="paging" aria-label="Pages">
              {cursor !== undefined && <a href={deliveriesPath({ ...filters })}>Newest</a>}
              {nextCursor !== undefined && (
                <a href={deliveriesPath({ ...filters, cursor: nextCursor })} rel="next">
                  Older
                </a>
              )}
            </nav>
          )}
        </div>
      </>
    ),
  });
}
