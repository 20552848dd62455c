import type { AttemptRecord, DeliveryRecord } from '../../sender/records.js';
import type { Sender, Endpoint } from '../../sender/types.js';
import type { Dashboard } from './context.js';

const pageSize = 50;

/** A delivery and its last attempt. */
export interface DeliveryRow {
  readonly delivery: DeliveryRecord;
  readonly lastAttempt: AttemptRecord | undefined;
}

/** Filters of the list of deliveries; '' for none. */
export interface DeliveryFilters {
  readonly endpoint: string;
  readonly event: string;
  readonly status: string;
  /** The id of a delivery or of an event. */
  readonly q: string;
}

type ListFilter = Omit<NonNullable<Parameters<Sender['listDeliveries']>[0]>, 'limit'>;

/** Lists the endpoints of the emulator's account, newest first: all of them, because a developer has few. */
export async function listEndpoints({ emulator }: Dashboard): Promise<readonly Endpoint[]> {
  const endpoints: Endpoint[] = [];
  let cursor: string | undefined;
  do {
    const page = await emulator.sender.listEndpoints({ accountId: emulator.accountId, cursor, limit: 100 });
    endpoints.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return endpoints;
}

async function withLastAttempt({ emulator }: Dashboard, delivery: DeliveryRecord): Promise<DeliveryRow> {
  const details = await emulator.sender.getDelivery(delivery.id);
  return { delivery, lastAttempt: details?.attempts.at(-1) };
}

/** Lists one page of deliveries with their last attempts, newest first. */
export async function listDeliveryRows(
  dashboard: Dashboard,
  filter: ListFilter,
  limit = pageSize,
): Promise<{ readonly rows: readonly DeliveryRow[]; readonly nextCursor: string | undefined }> {
  const { items, nextCursor } = await dashboard.emulator.sender.listDeliveries({ ...filter, limit });
  const rows = await Promise.all(items.map((delivery) => withLastAttempt(dashboard, delivery)));
  return { rows, nextCursor };
}

/** Finds the deliveries that match the filters. The id of a delivery finds it whatever the other filters are. */
export async function findDeliveries(
  dashboard: Dashboard,
  filters: DeliveryFilters,
  cursor: string | undefined,
): ReturnType<typeof listDeliveryRows> {
  const { endpoint, event, status, q } = filters;
  const found = q === '' ? undefined : await dashboard.emulator.sender.getDelivery(q);
  if (found) {
    return {
      rows: [{ delivery: found.delivery, lastAttempt: found.attempts.at(-1) }],
      nextCursor: undefined,
    };
  }
  return listDeliveryRows(dashboard, {
    endpointId: endpoint || undefined,
    event: event || undefined,
    status: (status || undefined) as DeliveryRecord['status'] | undefined,
    ...(q && { eventId: q }),
    cursor,
  });
}
