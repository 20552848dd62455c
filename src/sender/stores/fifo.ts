/** A first-in-first-out queue. Each operation takes constant time on average. */
export interface Fifo<Item> {
  readonly size: number;
  push(item: Item): void;
  shift(): Item | undefined;
}

/** The array is not compacted below this number of removed items. */
const minRemovedItems = 64;

export function createFifo<Item>(): Fifo<Item> {
  let items: Item[] = [];
  let head = 0;
  return {
    get size() {
      return items.length - head;
    },
    push(item) {
      items.push(item);
    },
    shift() {
      const item = items[head];
      if (head < items.length) head += 1;
      if (head > minRemovedItems && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}
