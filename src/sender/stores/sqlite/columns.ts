import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { escapeText, unescapeText } from '../../../shared/escape-text.js';

/** A row as SQLite returns it. */
export type Row = Record<string, SQLOutputValue>;

/** Converts the values of one field to and from SQLite. */
interface Column<Value> {
  /** Type and constraints, as in CREATE TABLE. */
  readonly definition: string;
  readonly encode: (value: Value) => SQLInputValue;
  readonly decode: (value: SQLOutputValue) => Value;
}

/** The columns of a record: each is named as its field. */
type Columns<Shape> = { readonly [Field in keyof Shape]: Column<Shape[Field]> };

/** SQL and conversions that are derived from one list of columns. */
export interface ColumnList<Shape extends object> {
  /** `a, b` */
  readonly names: string;
  /** `a TEXT NOT NULL, b INTEGER` */
  readonly definitions: string;
  /** `a = ?, b = ?` */
  readonly assignments: string;
  /** The values of a record in the order of the columns. */
  readonly encode: (record: Shape) => SQLInputValue[];
  /** The record of a row. Ignores columns that are not in the list. */
  readonly decode: (row: Row) => Shape;
  /** The list of some of the columns. */
  pick<Field extends keyof Shape & string>(...fields: readonly Field[]): ColumnList<Pick<Shape, Field>>;
}

function plain<Value extends SQLInputValue>(type: string): Column<Value> {
  return {
    definition: `${type} NOT NULL`,
    encode: (value) => value,
    decode: (value) => value as unknown as Value,
  };
}

export const integer = (): Column<number> => plain('INTEGER');
export const text = <Value extends string>(): Column<Value> => plain('TEXT');
export const blob = (): Column<Uint8Array> => plain('BLOB');

/** Text that the user chose. It is escaped because UTF-8 maps all lone surrogates to one character. */
export const userText = (): Column<string> => ({
  definition: 'TEXT NOT NULL',
  encode: escapeText,
  decode: (value) => unescapeText(String(value)),
});

export const boolean = (): Column<boolean> => ({
  definition: 'INTEGER NOT NULL',
  encode: (value) => (value ? 1 : 0),
  decode: (value) => value === 1,
});

export const json = <Value extends object>(): Column<Value> => ({
  definition: 'TEXT NOT NULL',
  encode: (value) => JSON.stringify(value),
  decode: (value) => JSON.parse(String(value)) as Value,
});

export const nullable = <Value>({ definition, encode, decode }: Column<Value>): Column<Value | null> => ({
  definition: definition.replace(' NOT NULL', ''),
  encode: (value) => (value === null ? null : encode(value)),
  decode: (value) => (value === null ? null : decode(value)),
});

export function defineColumns<Shape extends object>(columns: Columns<Shape>): ColumnList<Shape> {
  type Field = keyof Shape & string;
  const list = Object.entries(columns) as [Field, Column<Shape[Field]>][];
  return {
    names: list.map(([name]) => name).join(', '),
    definitions: list.map(([name, { definition }]) => `${name} ${definition}`).join(',\n  '),
    assignments: list.map(([name]) => `${name} = ?`).join(', '),
    encode: (record) => list.map(([name, { encode }]) => encode(record[name])),
    decode: (row) => {
      const record: Partial<Shape> = {};
      for (const [name, { decode }] of list) record[name] = decode(row[name] ?? null);
      return record as Shape;
    },
    pick: (...fields) => {
      const picked = Object.fromEntries(fields.map((field) => [field, columns[field]]));
      return defineColumns(picked as unknown as Columns<Pick<Shape, (typeof fields)[number]>>);
    },
  };
}

type NamedColumns = Pick<ColumnList<object>, 'names'>;

function valuesOf(lists: readonly NamedColumns[]): string {
  const names = lists.map((list) => list.names).join(', ');
  return `(${names}) VALUES (${names.replace(/\w+/g, '?')})`;
}

/** The statement that inserts a row. Its parameters are the encoded values of the lists, in order. */
export function insertInto(table: string, ...lists: readonly NamedColumns[]): string {
  return `INSERT INTO ${table} ${valuesOf(lists)}`;
}

/** Like `insertInto`, but the row replaces one with the same key. */
export function replaceInto(table: string, ...lists: readonly NamedColumns[]): string {
  return `REPLACE INTO ${table} ${valuesOf(lists)}`;
}
