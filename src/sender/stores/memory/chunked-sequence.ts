/** Items by number, in ascending order. Numbers are given once, and rise. */
export interface ChunkedSequence<Item> {
  set(number: number, item: Item): void;
  delete(number: number): void;
  /** Those after a number. May be walked through while items are added and deleted. */
  entries(after?: number): Generator<readonly [number, Item]>;
}

const chunkSize = 4_096;

interface Chunk<Item> {
  readonly items: (Item | undefined)[];
  size: number;
}

/** Keeps items in chunks, so that none of its operations takes long, however many there are. */
export function createChunkedSequence<Item extends NonNullable<unknown>>(): ChunkedSequence<Item> {
  const chunks = new Map<number, Chunk<Item>>();
  return {
    set(number, item) {
      const index = Math.floor(number / chunkSize);
      const chunk = chunks.get(index) ?? { items: [], size: 0 };
      chunks.set(index, chunk);
      chunk.items[number % chunkSize] = item;
      chunk.size += 1;
    },
    delete(number) {
      const index = Math.floor(number / chunkSize);
      const chunk = chunks.get(index);
      if (chunk?.items[number % chunkSize] === undefined) return;
      chunk.items[number % chunkSize] = undefined;
      chunk.size -= 1;
      if (chunk.size === 0) chunks.delete(index);
    },
    *entries(after = -1) {
      for (const [index, { items }] of chunks) {
        const from = Math.max(0, after + 1 - index * chunkSize);
        for (let offset = from; offset < items.length; offset += 1) {
          const item = items[offset];
          if (item !== undefined) yield [index * chunkSize + offset, item];
        }
      }
    },
  };
}
