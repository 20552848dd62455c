import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isNewer } from '../../src/index.js';

const at = (timestamp: string, id = 'evt_a') => ({ timestamp, id });
const noon = '2026-11-25T12:00:00.000Z';

it.each([
  ['the first event', at(noon), undefined, true],
  ['the first event, as null from a database', at(noon), null, true],
  ['the same event', at(noon), at(noon), false],
  ['a later event', at('2026-11-25T12:00:00.001Z'), at(noon), true],
  ['an earlier event', at('2026-11-25T11:59:59.999Z'), at(noon), false],
  ['the same moment, a greater id', at(noon, 'evt_b'), at(noon), true],
  ['the same moment, a smaller id', at(noon), at(noon, 'evt_b'), false],
  ['the same moment in another zone', at('2026-11-25T14:00:00.000+02:00'), at(noon), false],
  // As text "…00Z" comes after "…00.5Z".
  ['without a fraction', at('2026-11-25T12:00:00.500Z'), at('2026-11-25T12:00:00Z'), true],
])('isNewer compares %s', (_, event, lastSeen, newer) => {
  expect(isNewer(event, lastSeen)).toBe(newer);
});

it('isNewer accepts a Date from a database', () => {
  expect(isNewer(at(noon), { timestamp: new Date(Date.parse(noon) - 1), id: 'evt_z' })).toBe(true);
  expect(isNewer(at(noon), { timestamp: new Date(Date.parse(noon) + 1), id: 'evt_z' })).toBe(false);
});

it.each(['', 'yesterday', new Date(Number.NaN)])(
  'isNewer throws for a last timestamp of "%s"',
  (timestamp) => {
    expect(() => isNewer(at(noon), { timestamp, id: 'evt_a' })).toThrow(TypeError);
  },
);

it('isNewer selects the same last event in any order of arrival', () => {
  const event = fc.record({
    timestamp: fc.integer({ min: 0, max: 5 }).map((ms) => new Date(Date.parse(noon) + ms).toISOString()),
    id: fc.constantFrom('evt_a', 'evt_b', 'evt_c'),
  });
  const last = (events: ReturnType<typeof at>[]) =>
    events.reduce<ReturnType<typeof at> | undefined>(
      (seen, each) => (isNewer(each, seen) ? each : seen),
      undefined,
    );
  fc.assert(
    fc.property(
      fc
        .array(event, { minLength: 1 })
        .chain((events) =>
          fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
        ),
      ([events, arrived]) => {
        expect(last(arrived)).toEqual(last(events));
      },
    ),
  );
});
