import type { Page, PageRequest } from '../store.js';

interface Positioned<Record> {
  readonly position: number;
  readonly record: Record;
}

/** Returns one page of a list that is iterated newest first, starting before a position. */
export function takePage<Record>(
  newestFirst: (before: number) => Iterable<Positioned<Record>>,
  isIncluded: (record: Record) => boolean,
  { cursor, limit }: PageRequest,
): Page<Record> {
  const items: Record[] = [];
  let lastPosition = cursor === undefined ? Infinity : Number(cursor);
  for (const { record, position } of newestFirst(lastPosition)) {
    if (!isIncluded(record)) continue;
    if (items.length === limit) return { items, nextCursor: String(lastPosition) };
    items.push(record);
    lastPosition = position;
  }
  return { items, nextCursor: undefined };
}
