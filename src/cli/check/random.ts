/** A generator of pseudo-random values. The same seed gives the same values in the same order. */
export interface Random {
  /** Returns an integer from 0 to `below - 1`. */
  integer(below: number): number;
  /** Returns lower-case hex digits. */
  hex(length: number): string;
  /** Returns a copy in another order. */
  shuffle<Value>(values: readonly Value[]): Value[];
}

/** The largest seed. */
export const maxSeed = 0xffff_ffff;

/** Mulberry32: small, and good enough for ids and orders. It makes no secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const integer = (below: number): number => next() % below;
  return {
    integer,
    hex: (length) => Array.from({ length }, () => integer(16).toString(16)).join(''),
    shuffle(values) {
      const keyed = values.map((value) => ({ value, key: next() }));
      return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value);
    },
  };
}
