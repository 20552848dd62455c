import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSqliteStore } from '../../../src/sender/stores/sqlite/sqlite.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';

/** Whether this process may mount a file system. In containers and in CI it often may not. */
const canMount =
  spawnSync('sh', [
    '-c',
    'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d"; r=$?; rmdir "$d"; exit $r',
  ]).status === 0;

describe('the file of the SQLite store', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hostwares-store-'));
    path = join(folder, 'webhooks.db');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('contains every write that was resolved', async () => {
    const first = createSqliteStore({ path });
    await first.insertEndpoint(endpoint('wh_1'));
    await first.publish(event('evt_1'), () => delivery('dlv_1', 'evt_1'));
    // Not awaited, because `close` commits it.
    const last = first.updateEndpoint('wh_1', (each) => ({ ...each, url: 'https://example.com/new' }));
    await first.close();
    await last;
    await first.close();
    await expect(first.updateEndpoint('wh_1', (each) => each)).rejects.toThrow(
      'The store is closed. Stop the sender before you close its store.',
    );

    const second = createSqliteStore({ path, synchronous: 'normal' });
    expect((await second.getEndpoint('wh_1'))?.url).toBe('https://example.com/new');
    expect(await second.nextAlarmMs(0)).toBe(10);
    await second.close();
  });

  it('is locked for other connections while the store is open', async () => {
    const first = createSqliteStore({ path });
    expect(() => createSqliteStore({ path })).toThrow(/is in use by another process/);
    expect(() => new DatabaseSync(path).prepare('SELECT * FROM endpoints').all()).toThrow(/locked/);
    await first.close();
    await createSqliteStore({ path }).close();
  });

  it('is rejected if it belongs to another application, has a later version or is no database', () => {
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE mine (a)');
    other.close();
    const bytes = readFileSync(path);
    expect(() => createSqliteStore({ path })).toThrow(/is the database of another program/);
    expect(readFileSync(path)).toEqual(bytes);

    const later = new DatabaseSync(`${path}2`);
    later.exec('PRAGMA user_version = 99');
    later.close();
    const bytesOfLater = readFileSync(`${path}2`);
    expect(() => createSqliteStore({ path: `${path}2` })).toThrow(/has version 99 .* Update the package/);
    expect(readFileSync(`${path}2`)).toEqual(bytesOfLater);

    writeFileSync(`${path}3`, 'not a database, but a text that is longer than a header of SQLite would be');
    expect(() => createSqliteStore({ path: `${path}3` })).toThrow(/not a database/);
    expect(() => createSqliteStore({ path, synchronous: 'off' as 'full' })).toThrow(TypeError);
  });

  /** Copies the files of an open store, as a killed process leaves them, and returns the path of the copy. */
  async function filesOfKilled(): Promise<string> {
    const store = createSqliteStore({ path });
    await store.insertEndpoint(endpoint('wh_1'));
    const killed = `${path}-killed`;
    copyFileSync(path, killed);
    copyFileSync(`${path}-wal`, `${killed}-wal`);
    await store.close();
    return killed;
  }

  it('makes writes reject if it or its WAL was deleted or replaced', async () => {
    for (const [file, act, done] of [
      ['', 'delete', 'deleted'],
      ['-wal', 'delete', 'deleted'],
      ['', 'replace', 'replaced'],
      ['-wal', 'replace', 'replaced'],
    ] as const) {
      const own = `${path}-${done}${file}.db`;
      const store = createSqliteStore({ path: own });
      await store.insertEndpoint(endpoint('wh_1'));
      rmSync(own + file);
      if (act === 'replace') writeFileSync(own + file, '');
      const message = `${own}${file} was ${done} while the store had it open`;
      // Two writes at once: the error of one must not hide that of the other.
      const writes = ['wh_2', 'wh_3'].map((id) => store.insertEndpoint(endpoint(id)));
      await Promise.allSettled(writes);
      for (const write of writes) await expect(write).rejects.toThrow(message);
      await expect(store.insertEndpoint(endpoint('wh_4'))).rejects.toThrow(message);
      await expect(store.getEndpoint('wh_1')).rejects.toThrow(message);
      await store.close();
    }
  });

  it('makes reads reject within a second if it was deleted', async () => {
    const store = createSqliteStore({ path });
    await store.insertEndpoint(endpoint('wh_1'));
    rmSync(path);
    expect(await store.getEndpoint('wh_1')).toBeDefined();
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_000);
    await expect(store.nextAlarmMs(0)).rejects.toThrow(/was deleted while the store had it open/);
    now.mockRestore();
    await store.close();
  });

  it('contains all commits after a close if only the WAL was deleted', async () => {
    const store = createSqliteStore({ path });
    await store.insertEndpoint(endpoint('wh_1'));
    rmSync(`${path}-wal`);
    await store.close();
    const next = createSqliteStore({ path });
    expect(await next.getEndpoint('wh_1')).toBeDefined();
    await next.close();
  });

  it('opens after a kill, but not if the WAL of the killed process is missing', async () => {
    const killed = await filesOfKilled();
    const wal = readFileSync(`${killed}-wal`);
    rmSync(`${killed}-wal`);
    const open = () => createSqliteStore({ path: killed });
    const message = `${killed}-wal is missing, though the last process did not close the store`;
    expect(open).toThrow(message);
    expect(open).toThrow(message);
    writeFileSync(`${killed}-wal`, wal);
    const store = createSqliteStore({ path: killed });
    expect(await store.getEndpoint('wh_1')).toBeDefined();
    await store.close();
    // A clean close leaves no WAL, and the store opens without one.
    expect(existsSync(`${killed}-wal`)).toBe(false);
    await createSqliteStore({ path: killed }).close();
  });

  it('opens without the lost commits if an empty WAL replaces the missing one', async () => {
    const killed = await filesOfKilled();
    writeFileSync(`${killed}-wal`, '');
    const store = createSqliteStore({ path: killed });
    expect(await store.getEndpoint('wh_1')).toBeUndefined();
    await store.close();
  });

  it('is named in errors, with the likely cause', async () => {
    const nowhere = join(folder, 'nowhere', 'x.db');
    expect(() => createSqliteStore({ path: nowhere })).toThrow(`${nowhere}: it or its folder does not exist`);
    expect(() => createSqliteStore({ path: folder })).toThrow(
      `${folder}: it or its folder does not exist, it is not a file`,
    );
    writeFileSync(path, 'x'.repeat(8_192));
    expect(() => createSqliteStore({ path })).toThrow(`${path}: it is not a database.`);
  });

  it('is not named in errors that have another cause', async () => {
    const store = createSqliteStore({ path });
    await store.insertEndpoint(endpoint('wh_1'));
    await expect(store.insertEndpoint(endpoint('wh_1'))).rejects.toThrow(/^UNIQUE constraint failed/);
    await store.close();
  });

  it.skipIf(!canMount)('is named in the errors of a full disk and a read-only file system', async () => {
    const mount = join(folder, 'mounted');
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]);
    try {
      const mounted = join(mount, 'x.db');
      const store = createSqliteStore({ path: mounted });
      const filling = async () => {
        for (let each = 0; each < 50; each += 1)
          await store.insertEndpoint(endpoint(`wh_${each}`, { url: 'x'.repeat(50_000) }));
      };
      await expect(filling()).rejects.toThrow(`${mounted}: the disk is full.`);
      expect(await store.getEndpoint('wh_0')).toBeDefined();
      await store.close();
      execFileSync('mount', ['-o', 'remount,ro', mount]);
      expect(() => createSqliteStore({ path: mounted })).toThrow(
        `${mounted}: its file system is mounted read-only.`,
      );
    } finally {
      execFileSync('umount', [mount]);
    }
  });
});
