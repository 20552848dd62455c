/** A binary heap: finds the least item at once, and adds or removes one in logarithmic time. */
export interface Heap<Item> {
  peek(): Item | undefined;
  push(item: Item): void;
  pop(): Item | undefined;
  /** All items, in no particular order. The heap must not change during the iteration. */
  values(): Iterable<Item>;
}

export function createHeap<Item>(isBefore: (a: Item, b: Item) => boolean): Heap<Item> {
  const items: Item[] = [];
  const itemAt = (index: number): Item => items[index] as Item;

  function swap(a: number, b: number): void {
    [items[a], items[b]] = [itemAt(b), itemAt(a)];
  }

  function siftUp(index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(itemAt(index), itemAt(parent))) return;
      swap(index, parent);
      index = parent;
    }
  }

  function siftDown(index: number): void {
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let least = index;
      if (left < items.length && isBefore(itemAt(left), itemAt(least))) least = left;
      if (right < items.length && isBefore(itemAt(right), itemAt(least))) least = right;
      if (least === index) return;
      swap(index, least);
      index = least;
    }
  }

  return {
    peek: () => items[0],
    push(item) {
      siftUp(items.push(item) - 1);
    },
    pop() {
      const first = items[0];
      const last = items.pop();
      if (items.length > 0 && last !== undefined) {
        items[0] = last;
        siftDown(0);
      }
      return first;
    },
    values: () => items,
  };
}
