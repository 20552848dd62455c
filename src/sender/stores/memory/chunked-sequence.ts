/**
 * Items in the order in which they were appended, each at a position of its own: positions rise from 1 and are never
 * used twice. Iterations tolerate that items are appended and deleted meanwhile.
 */
export interface ChunkedSequence<Item> {
  /** Appends the item that `create` makes for the next position, and returns it. */
  append(create: (position: number) => Item): Item;
  delete(position: number): void;
  /** Iterates over the items after a position, oldest first. */
  oldestFirst(after?: number): Generator<Item>;
  /** Iterates over the items before a position, newest first. */
  newestFirst(before?: number): Generator<Item>;
}

const chunkSize = 4_096;

interface Chunk<Item> {
  readonly items: (Item | undefined)[];
  size: number;
}

/** Keeps items in chunks, so that no operation takes long however many items there are. */
export function createChunkedSequence<Item extends NonNullable<unknown>>(): ChunkedSequence<Item> {
  /** By index, which ascends in the order of the Map. */
  const chunks = new Map<number, Chunk<Item>>();
  let lastPosition = 0;

  return {
    append(create) {
      const position = ++lastPosition;
      const index = Math.floor(position / chunkSize);
      const chunk = chunks.get(index) ?? { items: [], size: 0 };
      chunks.set(index, chunk);
      const item = create(position);
      chunk.items[position % chunkSize] = item;
      chunk.size += 1;
      return item;
    },
    delete(position) {
      const index = Math.floor(position / chunkSize);
      const chunk = chunks.get(index);
      if (chunk?.items[position % chunkSize] === undefined) return;
      chunk.items[position % chunkSize] = undefined;
      chunk.size -= 1;
      if (chunk.size === 0) chunks.delete(index);
    },
    *oldestFirst(after = 0) {
      for (const [index, { items }] of chunks) {
        const start = Math.max(0, after + 1 - index * chunkSize);
        for (let offset = start; offset < items.length; offset += 1) {
          const item = items[offset];
          if (item !== undefined) yield item;
        }
      }
    },
    *newestFirst(before = Infinity) {
      for (const [index, { items }] of [...chunks].reverse()) {
        const end = Math.min(items.length, before - index * chunkSize);
        for (let offset = end - 1; offset >= 0; offset -= 1) {
          const item = items[offset];
          if (item !== undefined) yield item;
        }
      }
    },
  };
}
