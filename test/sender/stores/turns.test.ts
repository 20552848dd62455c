import { expect, it } from 'vitest';
import { createTurns, type Turns } from '../../../src/sender/stores/turns.js';

/** Serves one endpoint, which stays due, and returns its id. */
function serveOne(turns: Turns, nowMs: number): string | undefined {
  let served: string | undefined;
  turns.each(nowMs, {
    hasEnough: () => served !== undefined,
    hasRoomFor: () => true,
    visit(_, endpointId) {
      served = endpointId;
      return 1;
    },
  });
  return served;
}

it('an endpoint whose due time was moved and moved back has one turn per round', () => {
  const turns = createTurns();
  turns.set('acc_1', 'wh_1', 1);
  turns.set('acc_1', 'wh_2', 1);
  expect(turns.hasDue(1)).toBe(true);
  turns.set('acc_1', 'wh_1', 100);
  expect(turns.nextDueMs(1)).toBe(100);
  const served = Array.from({ length: 6 }, () => serveOne(turns, 100));
  expect(served.filter((id) => id === 'wh_1')).toHaveLength(3);
});
