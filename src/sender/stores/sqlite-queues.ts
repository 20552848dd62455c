import { escapeText, unescapeText } from '../../text-key.js';
import { laneOf, type DeliveryRecord, type Lane, type WaitingRequest } from './contract.js';
import { toDelivery, type Row, type Tables } from './sqlite-tables.js';

/** Queues that are looked at together when work is sought. */
const queuesAtOnce = 100;

const inLane: Record<Lane, string> = { first: 'attempts = 0', retry: 'attempts > 0' };

const lanes: readonly Lane[] = ['first', 'retry'];

/**
 * What waits, by endpoint and lane. The table of queues has the first due time of each, so that a claim need not look
 * through all that waits; it is made from the deliveries themselves.
 */
export interface Queues {
  /** A delivery is, or was, in a queue: its first may be another one now. */
  touch(delivery: DeliveryRecord): void;
  /** Brings the table up to date. Within each transaction, after all else. */
  update(): void;
  /** Endpoints with something due in a lane, the longest due first. A generator: few are ever looked at. */
  due(lane: Lane, nowMs: number): Generator<string>;
  firstDue(lane: Lane, endpointId: string, nowMs: number, limit: number): readonly DeliveryRecord[];
  /** @param limit - -1 for all. */
  waitingFor(
    endpointId: string,
    statuses: WaitingRequest['statuses'],
    limit: number,
  ): readonly DeliveryRecord[];
}

export function createQueues(tables: Tables): Queues {
  const touched: Record<Lane, Set<string>> = { first: new Set(), retry: new Set() };

  function updateQueues(lane: Lane): void {
    for (const endpointId of touched[lane]) {
      const first = tables
        .sql(
          `SELECT dueAtMs FROM deliveries WHERE status = 'scheduled' AND ${inLane[lane]} AND endpointId = ?
         ORDER BY dueAtMs LIMIT 1`,
        )
        .get(endpointId);
      if (first) {
        tables
          .sql(
            `INSERT INTO queues (lane, endpointId, dueAtMs) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET dueAtMs = excluded.dueAtMs WHERE dueAtMs <> excluded.dueAtMs`,
          )
          .run(lane, endpointId, first.dueAtMs ?? null);
      } else {
        tables.sql('DELETE FROM queues WHERE lane = ? AND endpointId = ?').run(lane, endpointId);
      }
    }
    touched[lane].clear();
  }

  return {
    touch(delivery) {
      if (delivery.status === 'scheduled') touched[laneOf(delivery)].add(escapeText(delivery.endpointId));
    },
    update() {
      lanes.forEach(updateQueues);
    },
    *due(lane, nowMs) {
      let last: Row | undefined = { dueAtMs: -1, endpointId: '' };
      while (last) {
        const found: Row[] = tables
          .sql(
            `SELECT dueAtMs, endpointId FROM queues
         WHERE lane = ? AND dueAtMs <= ? AND (dueAtMs, endpointId) > (?, ?)
         ORDER BY dueAtMs, endpointId LIMIT ${queuesAtOnce}`,
          )
          .all(lane, nowMs, last.dueAtMs ?? 0, last.endpointId ?? '');
        for (const { endpointId } of found) yield unescapeText(String(endpointId));
        last = found.length === queuesAtOnce ? found.at(-1) : undefined;
      }
    },

    firstDue(lane, endpointId, nowMs, limit) {
      return tables
        .sql(
          `SELECT * FROM deliveries
       WHERE status = 'scheduled' AND ${inLane[lane]} AND endpointId = ? AND dueAtMs <= ?
       ORDER BY dueAtMs, seq LIMIT ?`,
        )
        .all(escapeText(endpointId), nowMs, limit)
        .map(toDelivery);
    },

    waitingFor(endpointId, statuses, limit) {
      // As the partial indexes have it: they are not used for a status that is a parameter.
      const places = statuses.flatMap((status) =>
        status === 'held'
          ? [`status = 'held'`]
          : lanes.map((lane) => `status = 'scheduled' AND ${inLane[lane]}`),
      );
      const found = places.flatMap((place) =>
        tables
          .sql(`SELECT * FROM deliveries WHERE ${place} AND endpointId = ? LIMIT ?`)
          .all(escapeText(endpointId), limit),
      );
      return found.slice(0, limit === -1 ? undefined : limit).map(toDelivery);
    },
  };
}
