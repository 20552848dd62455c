// Properties of the SQLite store alone: the suite of all stores is stores.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transition } from '../../../src/sender/records.js';
import { createSqliteStore } from '../../../src/sender/stores/sqlite/sqlite.js';
import { maxEndpointsPerStep, type SenderStore } from '../../../src/sender/stores/store.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';
import { claimDue, publish, succeed } from './fixtures.js';

describe('SQLite store', () => {
  let store: SenderStore;
  beforeEach(() => {
    store = createSqliteStore({ path: ':memory:' });
  });
  afterEach(() => store.close());

  it('excludes an endpoint created during a fan-out after the newest endpoint was deleted', async () => {
    const count = maxEndpointsPerStep + 2;
    for (let each = 0; each < count; each += 1) await store.insertEndpoint(endpoint(`wh_${each}`));
    const publishStep = (position?: number) =>
      store.publish(event('evt_1'), ({ id }) => delivery(`dlv_${id}`, 'evt_1', { endpointId: id }), position);
    const { next } = await publishStep();
    await store.deleteEndpoint(`wh_${count - 1}`, succeed);
    await store.insertEndpoint(endpoint('wh_new'));
    const last = await publishStep(next);
    expect(last.deliveries.map(({ endpointId }) => endpointId)).toEqual([`wh_${count - 2}`]);
    expect(last.next).toBeUndefined();
  });

  it('passes the lease that rebase brought forward to the next transition', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await publish(store, '1');
    await claimDue(store);
    await store.rebase({ nowMs: 20, byMs: 30 });
    const leases: (number | null)[] = [];
    const change: Transition = ({ delivery: { leaseUntilMs } }) => {
      leases.push(leaseUntilMs);
      return undefined;
    };
    await store.settle([{ deliveryId: 'dlv_1_wh_1', change }]);
    expect(leases).toEqual([69]);
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
