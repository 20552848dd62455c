import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Endpoint } from '../../../sender/types.js';
import { deliveryPath } from '../links.js';
import type { DeliveryRow } from '../queries.js';
import { EndpointLink } from './links.js';
import { DeliveryBadge, describeResult } from './status.js';
import { Time } from './time.js';

interface TableProps {
  readonly caption: string;
  readonly rows: readonly DeliveryRow[];
  /** The endpoints by id; undefined leaves the column out. */
  readonly endpoints?: ReadonlyMap<string, Endpoint>;
  readonly nowMs: number;
}

const kinds = { automatic: undefined, manual: 'redelivery', ping: undefined } as const;

function Row(props: Omit<TableProps, 'caption' | 'rows'> & { readonly row: DeliveryRow }): JSX.Element {
  const { row, endpoints, nowMs } = props;
  const { delivery, lastAttempt } = row;
  return (
    <tr data-key={delivery.id}>
      <td data-label="Status" class="status">
        <DeliveryBadge delivery={delivery} />
      </td>
      <td data-label="Event" class="lead">
        <a class="strong" href={deliveryPath(delivery.id)}>
          {delivery.eventType}
        </a>{' '}
        <span class="muted">{kinds[delivery.kind]}</span>
      </td>
      {endpoints && (
        <td data-label="Endpoint" class="wide clipped">
          <EndpointLink id={delivery.endpointId} endpoint={endpoints.get(delivery.endpointId)} isShort />
        </td>
      )}
      <td data-label="Last response" class="wide">
        {lastAttempt ? describeResult(lastAttempt) : <span class="muted">none yet</span>}{' '}
        {delivery.attempts > 1 && <span class="muted nowrap">attempt {delivery.attempts}</span>}
      </td>
      <td data-label="Next attempt" class="nowrap">
        {delivery.status === 'scheduled' && delivery.dueAtMs !== null ? (
          <Time atMs={delivery.dueAtMs} nowMs={nowMs} />
        ) : (
          <span class="muted">–</span>
        )}
      </td>
      <td data-label="Created" class="nowrap">
        <Time atMs={delivery.createdAtMs} nowMs={nowMs} />
      </td>
    </tr>
  );
}

/** A table of deliveries; on a narrow screen, a list of cards. */
export function DeliveryTable({ caption, rows, endpoints, nowMs }: TableProps): JSX.Element {
  return (
    <table class="cards">
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Event</th>
          {endpoints && <th scope="col">Endpoint</th>}
          <th scope="col">Last response</th>
          <th scope="col">Next attempt</th>
          <th scope="col">Created</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row row={row} nowMs={nowMs} {...(endpoints && { endpoints })} />
        ))}
      </tbody>
    </table>
  );
}
