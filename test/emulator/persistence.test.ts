// An emulator with a database: what is there after a restart, and files that cannot be used.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startEmulator } from '../../src/emulator/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { secret, trigger, useTarget } from '../support/emulator-target.js';

const hasSqlite = (process.getBuiltinModule('node:sqlite') as unknown) !== undefined;

describe.skipIf(!hasSqlite)('an emulator with a database', () => {
  const folder = temporaryFolder();
  let files = 0;
  const newFile = () => join(folder, `${(files += 1)}.db`);
  const { target, start } = useTarget();

  it('has endpoints, deliveries, e-mails and its time after a restart', async () => {
    const db = newFile();
    const first = await start({ db });
    const { id } = await first.createEndpoint({ url: target.url, events: ['*'], secret });
    target.status = () => 500;
    const deliveryId = await trigger(first, 'credits.low');
    await first.clock.runToEnd();
    const stoppedAtMs = first.clock.now();
    const [mail] = first.mailbox.list();
    const details = await first.sender.getDelivery(deliveryId);
    await first.stop();

    const second = await start({ db });
    expect(second.clock.now()).toBeGreaterThanOrEqual(stoppedAtMs);
    expect(second.mailbox.list()).toEqual([mail]);
    expect(second.mailbox.get(mail!.id)).toEqual(mail);
    expect(await second.sender.getDelivery(deliveryId)).toEqual(details);
    expect(await second.sender.getEndpoint(id)).toMatchObject({ status: 'disabled', url: target.url });
    expect(await second.secretOf(id)).toBe(secret);
    target.status = () => 200;
    await second.sender.enableEndpoint(id);
    const { id: redeliveryId } = await second.sender.redeliver(deliveryId);
    expect(await second.waitForAttempt(redeliveryId)).toMatchObject({ outcome: 'success' });
  });

  it('makes the scheduled retries of its predecessor when time is moved', async () => {
    const db = newFile();
    const first = await start({ db });
    await first.createEndpoint({ url: target.url, events: ['*'], secret });
    target.status = () => 500;
    const ids = [];
    for (let each = 0; each < 20; each += 1) ids.push(await trigger(first, 'credits.low'));
    for (const id of ids) await first.waitForAttempt(id);
    await first.stop();

    const second = await start({ db });
    target.status = () => 200;
    await second.clock.runToEnd();
    for (const id of ids)
      expect((await second.sender.getDelivery(id))!.delivery).toMatchObject({
        status: 'succeeded',
        attempts: 2,
      });
    expect(target.arrivals).toHaveLength(40);
  });

  it('retries an attempt that stop() aborted', async () => {
    const db = newFile();
    const first = await start({ db });
    await first.createEndpoint({ url: target.url, events: ['*'], secret });
    target.status = () => new Promise(() => undefined);
    const id = await trigger(first, 'credits.low');
    await target.received(1);
    const startedMs = performance.now();
    await first.stop();
    expect(performance.now() - startedMs).toBeLessThan(2_000);

    target.status = () => 200;
    const second = await start({ db });
    expect(await second.clock.jumpToNextRetry()).toBe(true);
    const { attempts } = (await second.sender.getDelivery(id))!;
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['unknown', 'success']);
  });

  it('that another emulator has open names the file', async () => {
    const db = newFile();
    await start({ db });
    await expect(startEmulator({ db })).rejects.toThrow(/\.db: it is in use by another process/);
  });

  it.each([
    ['is not a database', 'text', /it is not a database/],
    ['does not exist in its folder', undefined, /its folder does not exist/],
  ])('that %s is named, and left as it is', async (_, content, error) => {
    const db = content === undefined ? join(folder, 'none/webhooks.db') : newFile();
    const text = content?.repeat(1_000);
    if (text !== undefined) writeFileSync(db, text);
    await expect(startEmulator({ db })).rejects.toThrow(error);
    if (text !== undefined) expect(readFileSync(db, 'utf8')).toBe(text);
  });

  it('of a later version is named, and left as it is', async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const db = newFile();
    await (await start({ db })).stop();
    const database = new DatabaseSync(db);
    database.exec('PRAGMA user_version = 99');
    database.close();
    const before = readFileSync(db);
    await expect(startEmulator({ db })).rejects.toThrow(/has version 99 .*supports version 1 only/);
    expect(readFileSync(db).equals(before)).toBe(true);
  });

  it.each([
    '{',
    '[]',
    '{"aheadMs":-1,"mails":[]}',
    '{"aheadMs":9007199254740991,"mails":[]}',
    '{"aheadMs":0,"mails":[{"id":1}]}',
    'null',
  ])(
    'whose file beside it contains %s names that file, leaves it as it is, and releases the database',
    async (content) => {
      const db = newFile();
      const beside = `${db}.emulator.json`;
      writeFileSync(beside, content);
      await expect(startEmulator({ db })).rejects.toThrow(
        `${beside} is damaged or not a file of the emulator.`,
      );
      expect(readFileSync(beside, 'utf8')).toBe(content);
      writeFileSync(beside, '{"aheadMs":60000,"mails":[]}');
      const emulator = await start({ db });
      expect(emulator.clock.now() - Date.now()).toBeGreaterThan(59_000);
    },
  );

  it('is released if the port is taken', async () => {
    const db = newFile();
    const other = await start();
    await expect(startEmulator({ db, port: Number(new URL(other.url).port) })).rejects.toThrow(/is taken/);
    await start({ db });
  });

  it('is released if an option of the sender is not valid', async () => {
    const db = newFile();
    await expect(startEmulator({ db, attemptTimeoutMs: 0 })).rejects.toThrow(/attemptTimeoutMs must be/);
    await start({ db });
  });
});

describe('db', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(['', ':memory:', 7])('rejects %j', async (db) => {
    await expect(startEmulator({ db: db as string })).rejects.toThrow(
      'startEmulator: db must be the path of a file. Without it, everything is in memory.',
    );
  });

  it('says what to do on a Node without SQLite', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
    await expect(startEmulator({ db: './none.db' })).rejects.toThrow(
      /^db needs Node 22\.13 or later; this is v.* Update Node, or leave db out to keep everything in memory\.$/,
    );
  });
});
