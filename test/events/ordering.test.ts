// The SQL statement of docs/ordering.md gives the same result as isNewer, in any order of arrival.
import { readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { isNewer, type SeenEvent } from '../../src/index.js';

const page = readFileSync(new URL('../../docs/ordering.md', import.meta.url), 'utf8');
const [, table] = /```sql\n([^`]+)```/.exec(page)!;
const [, statement] = /`(INSERT INTO sites[^`]+)`/.exec(page)!;
const database = new PGlite();
afterAll(() => database.close());
await database.exec(table!);

it('the statement of docs/ordering.md keeps the same event as isNewer in any order of arrival', async () => {
  const event = fc.record({
    timestamp: fc.integer({ min: 0, max: 3 }).map((ms) => `2026-11-25T12:00:00.00${ms}Z`),
    // Some collations order these ids differently from their bytes.
    id: fc.constantFrom('evt_B', 'evt_a', 'evt_C', 'evt-d'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 8 }), fc.boolean(), async (events, known) => {
      const site = crypto.randomUUID();
      // A row from before the columns were added.
      if (known) await database.query('INSERT INTO sites (id, status) VALUES ($1, $2)', [site, 'of before']);
      let seen: SeenEvent | undefined;
      for (const each of events) {
        if (isNewer(each, seen)) seen = each;
        await database.query(statement!, [site, `${each.timestamp} ${each.id}`, each.timestamp, each.id]);
      }
      const { rows } = await database.query('SELECT status, seen_at, seen_id FROM sites WHERE id = $1', [
        site,
      ]);
      expect(rows).toEqual([
        {
          status: `${String(seen!.timestamp)} ${seen!.id}`,
          seen_at: new Date(seen!.timestamp),
          seen_id: seen!.id,
        },
      ]);
    }),
    { numRuns: 50 },
  );
});
