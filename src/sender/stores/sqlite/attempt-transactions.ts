import type { Change, DeliveryRecord } from '../../records.js';
import type { Claim, SenderStore } from '../store.js';
import type { Commits } from './commits.js';
import { conditions, deliveryColumns } from './schema.js';
import type { Sql } from './statements.js';
import type { Tables } from './tables.js';

type AttemptMethods = Pick<SenderStore, 'claim' | 'settle' | 'expire' | 'nextAlarmMs' | 'rebase'>;

/** Returns the claim of a delivery whose attempt has begun. */
function toClaim({ endpoints, events }: Tables, change: Change | undefined): Claim | undefined {
  if (change?.delivery.status !== 'attempting') return undefined;
  const { delivery } = change;
  const endpoint = endpoints.get(delivery.endpointId);
  const event = events.get({ accountId: delivery.accountId, id: delivery.eventId });
  return endpoint && event && { delivery, endpoint, event };
}

function readExpired(sql: Sql, nowMs: number, limit: number): DeliveryRecord[] {
  return sql(
    `SELECT ${deliveryColumns.names} FROM deliveries WHERE ${conditions.attempting} AND leaseUntilMs <= ? LIMIT ?`,
  )
    .all(nowMs, limit)
    .map(deliveryColumns.decode);
}

function readNextLeaseMs(sql: Sql, afterMs: number): number | undefined {
  const row = sql(
    `SELECT min(leaseUntilMs) AS atMs FROM deliveries WHERE ${conditions.attempting} AND leaseUntilMs > ?`,
  ).get(afterMs);
  return (row?.atMs ?? undefined) as number | undefined;
}

/** The methods of {@link SenderStore} that begin and end attempts, each in a transaction. */
export function createAttemptTransactions(tables: Tables, commits: Commits): AttemptMethods {
  const { sql, deliveries, queues } = tables;
  return {
    async claim(request) {
      // Most polls find nothing: they do not open a transaction.
      const hasDue = await commits.read(() => queues.hasDue(request.lane, request.nowMs));
      if (!hasDue) return { claims: [], processed: 0 };
      return commits.write(() =>
        queues.claim(request, (delivery) => toClaim(tables, deliveries.apply(delivery, request.begin))),
      );
    },
    settle: (settlements) =>
      commits.write(() => {
        for (const { deliveryId, change } of settlements) {
          const delivery = deliveries.get(deliveryId);
          if (delivery) deliveries.apply(delivery, change);
        }
      }),
    async expire(nowMs, change) {
      const expired = await commits.read(() => readExpired(sql, nowMs, 1));
      if (expired.length === 0) return 0;
      return commits.write(
        () => readExpired(sql, nowMs, -1).filter((delivery) => deliveries.apply(delivery, change)).length,
      );
    },
    nextAlarmMs: (afterMs) =>
      commits.read(() => {
        const alarms = [queues.nextDueMs(afterMs), readNextLeaseMs(sql, afterMs)];
        const first = Math.min(...alarms.map((alarm) => alarm ?? Infinity));
        return first === Infinity ? undefined : first;
      }),
    rebase: (request) => commits.write(() => deliveries.rebase(request)),
  };
}
