import type { SenderStore } from '../store.js';
import type { Commits } from './commits.js';
import { readPage } from './pages.js';
import { nextDeliverySeq, publish } from './publish.js';
import { readWaiting } from './queues.js';
import { deliveryColumns } from './schema.js';
import type { Tables } from './tables.js';

type DeliveryMethods = Pick<
  SenderStore,
  'publish' | 'unfinishedEvents' | 'insertDelivery' | 'getDelivery' | 'listDeliveries' | 'changeWaiting'
>;

function insertDelivery(tables: Tables, rows: Parameters<SenderStore['insertDelivery']>[0]): boolean {
  const { sql, events, deliveries, attempts } = tables;
  const { delivery, event, attempt } = rows;
  const key = { accountId: delivery.accountId, id: delivery.eventId };
  if (event) {
    const seq = nextDeliverySeq(sql);
    events.insert(event, { firstDeliverySeq: seq, lastDeliverySeq: seq, deliveryCount: 1 });
  } else if (!events.addDeliveries(key, 1)) return false;
  deliveries.insert(delivery, event?.body.length ?? events.bodyBytesOf(key));
  if (attempt) attempts.save(attempt);
  return true;
}

/** The methods of {@link SenderStore} for events and their deliveries, each in a transaction. */
export function createDeliveryTransactions(tables: Tables, commits: Commits): DeliveryMethods {
  const { sql, events, fanOuts, deliveries, attempts } = tables;
  return {
    publish: (event, toDelivery, position = 0) =>
      commits.write(() => publish(tables, { event, toDelivery }, position)),
    unfinishedEvents: () => commits.read(() => fanOuts.unfinishedEvents()),
    insertDelivery: (rows) => commits.write(() => insertDelivery(tables, rows)),
    getDelivery: (id) =>
      commits.read(() => {
        const delivery = deliveries.get(id);
        const event = delivery && events.get({ accountId: delivery.accountId, id: delivery.eventId });
        return event && { delivery, event, attempts: attempts.listOf(id) };
      }),
    listDeliveries: ({ endpointId, eventId, status, eventType, ...page }) =>
      commits.read(() =>
        readPage(sql, {
          table: 'deliveries',
          columns: deliveryColumns,
          // An event has fewer deliveries than an endpoint. With both in scope, SQLite might search the endpoint's.
          scope: eventId === undefined ? { endpointId } : { eventId },
          filter: { endpointId, status, eventType },
          page,
        }),
      ),
    changeWaiting: ({ change, ...selection }) =>
      commits.write(
        () => readWaiting(sql, selection).filter((delivery) => deliveries.apply(delivery, change)).length,
      ),
  };
}
