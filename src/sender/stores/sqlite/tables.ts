import type { DatabaseSync } from 'node:sqlite';
import { createAttempts, type Attempts } from './attempts.js';
import { createDeliveries, type Deliveries } from './deliveries.js';
import { createEndpoints, type Endpoints } from './endpoints.js';
import { createEvents, type Events } from './events.js';
import { createFanOuts, type FanOuts } from './fan-outs.js';
import { createQueues, type Queues } from './queues.js';
import { createStatements, type Sql } from './statements.js';

/** The tables of the store, and the state that is derived from them. */
export interface Tables {
  readonly sql: Sql;
  readonly endpoints: Endpoints;
  readonly events: Events;
  readonly fanOuts: FanOuts;
  readonly attempts: Attempts;
  readonly deliveries: Deliveries;
  readonly queues: Queues;
}

export function createTables(database: DatabaseSync): Tables {
  const sql = createStatements(database);
  const endpoints = createEndpoints(sql);
  const events = createEvents(sql);
  const attempts = createAttempts(sql);
  const queues = createQueues(sql, endpoints);
  const deliveries = createDeliveries(sql, { endpoints, events, attempts, queues });
  return { sql, endpoints, events, fanOuts: createFanOuts(sql), attempts, deliveries, queues };
}
