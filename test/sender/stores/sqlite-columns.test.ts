import { describe, expect, it } from 'vitest';
import {
  boolean,
  defineColumns,
  insertInto,
  integer,
  json,
  nullable,
  replaceInto,
  userText,
} from '../../../src/sender/stores/sqlite/columns.js';

describe('column list', () => {
  const columns = defineColumns<{
    id: string;
    isOpen: boolean;
    tags: readonly string[] | null;
    count: number;
  }>({ id: userText(), isOpen: boolean(), tags: nullable(json()), count: integer() });
  const record = { id: 'lone surrogate \ud800', isOpen: true, tags: ['a'], count: 1 };

  it('encodes the fields of a record in the order of the columns', () => {
    expect(columns.encode(record)).toEqual(['lone surrogate \\d800', 1, '["a"]', 1]);
    expect(columns.encode({ ...record, isOpen: false, tags: null }).slice(1)).toEqual([0, null, 1]);
  });

  it('decodes a row to the record that was encoded, without further columns', () => {
    const row = { seq: 9, count: 1, id: 'lone surrogate \\d800', isOpen: 1, tags: '["a"]' };
    expect(columns.decode(row)).toEqual(record);
    expect(columns.decode({ ...row, isOpen: 0, tags: null })).toEqual({
      ...record,
      isOpen: false,
      tags: null,
    });
  });

  it('defines only nullable columns without NOT NULL', () => {
    expect(columns.definitions.split(/,\s+/)).toEqual([
      'id TEXT NOT NULL',
      'isOpen INTEGER NOT NULL',
      'tags TEXT',
      'count INTEGER NOT NULL',
    ]);
  });

  it('picks columns in the order of the call', () => {
    const picked = columns.pick('count', 'id');
    expect(picked.assignments).toBe('count = ?, id = ?');
    expect(picked.encode(record)).toEqual([1, 'lone surrogate \\d800']);
  });

  it('is joined with other lists in a statement', () => {
    const [id, count] = [columns.pick('id'), columns.pick('count')];
    expect(insertInto('things', id, count)).toBe('INSERT INTO things (id, count) VALUES (?, ?)');
    expect(replaceInto('things', id, count)).toBe('REPLACE INTO things (id, count) VALUES (?, ?)');
  });
});
