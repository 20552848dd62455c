// Random histories of the memory store, compared with the plainest implementation of its contract.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createMemoryReplayStore } from '../../src/index.js';
import { createVirtualClock } from '../../src/testing/index.js';

interface Known {
  done: boolean;
  token: string | undefined;
  leaseUntilMs: number;
  readonly expiresAtMs: number;
  readonly attempt: number;
}

const id = fc.constantFrom('a', 'b', 'c');
/** The index of a token among all that the store has returned. */
const which = fc.nat({ max: 40 });
const leaseMs = fc.constantFrom(1, 50, 100, 400);
const step = fc.oneof(
  fc.record({ act: fc.constant('claim' as const), id, leaseMs, ttlMs: fc.constantFrom(1, 100, 300, 1_000) }),
  fc.record({ act: fc.constantFrom('complete' as const, 'release' as const), id, which }),
  fc.record({ act: fc.constant('extend' as const), id, which, leaseMs }),
  fc.record({ act: fc.constant('pass' as const), ms: fc.constantFrom(1, 49, 50, 100, 250) }),
);

it('the memory replay store matches its model in every history', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const clock = createVirtualClock();
      const store = createMemoryReplayStore({ now: () => clock.now() });
      const known = new Map<string, Known>();
      const tokens: string[] = [];
      for (const each of steps) {
        const nowMs = clock.now();
        if (each.act === 'pass') {
          clock.advance(each.ms);
          continue;
        }
        const found = known.get(each.id);
        const live = found && found.expiresAtMs > nowMs ? found : undefined;
        if (each.act === 'claim') {
          const claim = store.claim(each.id, each);
          if (live?.done) {
            expect(claim).toEqual({ status: 'done' });
          } else if (live?.token !== undefined && live.leaseUntilMs > nowMs) {
            const retryAfterMs = Math.min(live.leaseUntilMs, live.expiresAtMs) - nowMs;
            expect(claim).toEqual({ status: 'busy', retryAfterMs });
          } else {
            const attempt = (live?.attempt ?? 0) + 1;
            expect(claim).toEqual({ status: 'claimed', attempt, token: expect.any(String) as string });
            const { token } = claim as { token: string };
            expect(tokens).not.toContain(token);
            tokens.push(token);
            const leaseUntilMs = nowMs + each.leaseMs;
            known.set(each.id, {
              done: false,
              token,
              leaseUntilMs,
              expiresAtMs: nowMs + each.ttlMs,
              attempt,
            });
          }
          continue;
        }
        const token = tokens[each.which % tokens.length] ?? 'none';
        const own = live && !live.done && live.token === token ? live : undefined;
        const answer =
          each.act === 'extend'
            ? store.extend(each.id, token, each.leaseMs)
            : store[each.act](each.id, token);
        expect(answer).toBe(own !== undefined);
        if (!own) continue;
        if (each.act === 'complete') own.done = true;
        if (each.act === 'release') own.token = undefined;
        if (each.act === 'extend') own.leaseUntilMs = nowMs + each.leaseMs;
      }
    }),
    { numRuns: 2_000 },
  );
});
