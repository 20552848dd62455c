import { escapeText } from '../../../shared/escape-text.js';
import type { SenderStore } from '../store.js';
import type { Commits } from './commits.js';
import { readPage } from './pages.js';
import { readWaiting } from './queues.js';
import { conditions, endpointColumns } from './schema.js';
import type { Tables } from './tables.js';

type EndpointMethods = Pick<
  SenderStore,
  | 'insertEndpoint'
  | 'getEndpoint'
  | 'listEndpoints'
  | 'updateEndpoint'
  | 'deleteEndpoint'
  | 'pendingDisabledNotifications'
  | 'pendingHeldNotifications'
>;

/** The methods of {@link SenderStore} for endpoints, each in a transaction. */
export function createEndpointTransactions(tables: Tables, commits: Commits): EndpointMethods {
  const { sql, endpoints, deliveries } = tables;

  function countHeld(endpointId: string): number {
    const held = sql(`SELECT count(*) AS count FROM deliveries WHERE ${conditions.held} AND endpointId = ?`);
    return Number(held.get(escapeText(endpointId))?.count);
  }

  return {
    insertEndpoint: (endpoint, maxOfAccount = Infinity) =>
      commits.write(() => {
        if (endpoints.countOf(endpoint.accountId) >= maxOfAccount) return false;
        endpoints.insert(endpoint);
        return true;
      }),
    getEndpoint: (id) => commits.read(() => endpoints.get(id)),
    listEndpoints: ({ accountId, ...page }) =>
      commits.read(() =>
        readPage(sql, {
          table: 'endpoints',
          columns: endpointColumns,
          scope: { accountId },
          filter: {},
          page,
        }),
      ),
    updateEndpoint: (id, change) =>
      commits.write(() => {
        const endpoint = endpoints.get(id);
        if (!endpoint) return undefined;
        const changed = change(endpoint);
        if (changed !== endpoint) endpoints.update(changed);
        return changed;
      }),
    deleteEndpoint: (id, change) =>
      commits.write(() => {
        if (!endpoints.delete(id)) return false;
        const statuses = ['scheduled', 'held'] as const;
        const waiting = readWaiting(sql, { endpointId: id, statuses, limit: Infinity });
        for (const delivery of waiting) deliveries.apply(delivery, change);
        return true;
      }),
    pendingDisabledNotifications: () => commits.read(() => endpoints.pendingDisabledNotifications()),
    pendingHeldNotifications: () =>
      commits.read(() =>
        endpoints
          .pendingHeldNotifications()
          .map((endpoint) => ({ endpoint, deliveries: countHeld(endpoint.id) })),
      ),
  };
}
