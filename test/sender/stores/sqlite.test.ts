// Properties of the SQLite store alone: the suite of all stores is stores.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryRecord, EndpointRecord, EventRecord, Transition } from '../../../src/sender/records.js';
import { createSqliteStore } from '../../../src/sender/stores/sqlite/sqlite.js';
import { maxEndpointsPerStep, type SenderStore } from '../../../src/sender/stores/store.js';

const endpoint = (id: string): EndpointRecord => ({
  id,
  accountId: null,
  url: `https://example.com/${id}`,
  events: ['*'],
  secret: 'whsec_of_the_sqlite_tests',
  status: 'enabled',
  disabledReason: null,
  disabledAtMs: null,
  failingSinceMs: null,
  lastError: null,
  disabledNotificationPending: false,
  heldExpiresAtMs: null,
  heldDroppedAtMs: null,
  heldNotificationPending: false,
  createdAtMs: 1,
});

const event: EventRecord = {
  id: 'evt_1',
  type: 'credits.low',
  accountId: 'acc_1',
  body: new Uint8Array([0x7b, 0x7d]),
  createdAtMs: 1,
};

const deliveryTo = (endpointId: string): DeliveryRecord => ({
  id: `dlv_${endpointId}`,
  eventId: event.id,
  eventType: event.type,
  accountId: event.accountId,
  endpointId,
  kind: 'automatic',
  status: 'scheduled',
  attempts: 0,
  dueAtMs: 10,
  token: null,
  leaseUntilMs: null,
  createdAtMs: 1,
});

const begin: Transition = ({ delivery }) => ({
  delivery: {
    ...delivery,
    status: 'attempting',
    attempts: 1,
    dueAtMs: null,
    token: 'token',
    leaseUntilMs: 5_000,
  },
  attempt: {
    deliveryId: delivery.id,
    number: 1,
    url: 'https://example.com/',
    startedAtMs: 10,
    endedAtMs: null,
    outcome: 'pending',
    requestHeaders: null,
    result: null,
    nextAttemptAtMs: null,
    reason: null,
  },
});

const cancel: Transition = ({ delivery }) => ({
  delivery: { ...delivery, status: 'cancelled', dueAtMs: null },
});

describe('SQLite store', () => {
  let store: SenderStore;
  beforeEach(() => {
    store = createSqliteStore({ path: ':memory:' });
  });
  afterEach(() => store.close());

  it('excludes an endpoint created during a fan-out after the newest endpoint was deleted', async () => {
    const count = maxEndpointsPerStep + 2;
    for (let each = 0; each < count; each += 1) await store.insertEndpoint(endpoint(`wh_${each}`));
    const publish = (position?: number) => store.publish(event, ({ id }) => deliveryTo(id), position);
    const { next } = await publish();
    await store.deleteEndpoint(`wh_${count - 1}`, cancel);
    await store.insertEndpoint(endpoint('wh_new'));
    const last = await publish(next);
    expect(last.deliveries.map(({ endpointId }) => endpointId)).toEqual([`wh_${count - 2}`]);
    expect(last.next).toBeUndefined();
  });

  it('passes the lease that rebase brought forward to the next transition', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await store.publish(event, ({ id }) => deliveryTo(id));
    await store.claim({
      lane: 'first',
      nowMs: 10,
      limit: 1,
      accountCapacityOf: () => 1,
      capacityOf: () => 1,
      begin,
    });
    await store.rebase({ nowMs: 100, byMs: 1_000 });
    const leases: (number | null)[] = [];
    const change: Transition = ({ delivery }) => {
      leases.push(delivery.leaseUntilMs);
      return undefined;
    };
    await store.settle([{ deliveryId: 'dlv_wh_1', change }]);
    expect(leases).toEqual([4_000]);
  });
});

describe('file of the SQLite store', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hostwares-sqlite-'));
    path = join(folder, 'webhooks.db');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is opened again with the schema that its creation wrote', async () => {
    await createSqliteStore({ path }).close();
    const store = createSqliteStore({ path });
    expect(await store.insertEndpoint(endpoint('wh_1'))).toBe(true);
    await store.close();
  });

  it('is rejected if it belongs to another program with the same version number', () => {
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE users (id); PRAGMA user_version = 1');
    database.close();
    expect(() => createSqliteStore({ path })).toThrow(`${path} is the database of another program`);
  });

  it.each([2, -1])('is rejected with schema version %i', async (version) => {
    await createSqliteStore({ path }).close();
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    expect(() => createSqliteStore({ path })).toThrow(
      `${path} has version ${version} of the sender's schema, and this package supports version 1 only`,
    );
  });
});
