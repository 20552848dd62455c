import { isAcknowledged } from '../describe-exchange.js';
import { fail, notProven, pass, warn } from '../outcomes.js';
import type { Check, CheckContext } from '../types.js';
import { rejectionCheck, sendForged, type ForgedRequest, type RejectionCheck } from './deliver.js';

/** Just outside the platform's tolerance of 300 s, with room for a clock that differs a little. */
const outsideSeconds = 330;
const daySeconds = 86_400;

/** A genuine event with other timestamp headers than the present time. */
function stamp({ events }: CheckContext, what: string, timestamp: readonly string[]): ForgedRequest {
  const { json: body, id: eventId } = events.create('deployment.completed');
  return { what, body, eventId, timestamp };
}

const fix =
  'Compare the header with the clock: `Math.abs(Date.now() / 1000 - timestamp) > 300` is a 401. Parse it strictly before: /^\\d{1,15}$/.';

interface DistanceCheck extends Pick<Check, 'id' | 'title' | 'why'> {
  readonly sign: 1 | -1;
  readonly direction: string;
  readonly requires: readonly string[];
}

/** A header far outside is a missing check; one just outside is a tolerance of the endpoint's own. */
const distanceCheck = ({ sign, direction, ...check }: DistanceCheck): Check => ({
  ...check,
  fix,
  group: 'time',
  severity: 'major',
  async run(context) {
    const at = (seconds: number) => [String(context.client.nowSeconds() + sign * seconds)];
    const far = stamp(context, `a timestamp header one day ${direction}`, at(daySeconds));
    const near = stamp(context, `a timestamp header ${outsideSeconds} s ${direction}`, at(outsideSeconds));
    const acknowledged = await sendForged(context, [far, near]);
    if (acknowledged.includes(far.what)) return fail(`The endpoint answered 2xx to ${far.what}.`);
    if (acknowledged.length === 0) return pass();
    return warn(`The endpoint answered 2xx to ${near.what}. The platform's tolerance is 300 s.`);
  },
});

interface TimestampCheck extends Pick<Check, 'id' | 'title' | 'why'> {
  readonly ifAcknowledged: RejectionCheck['ifAcknowledged'];
  readonly variants: (
    nowSeconds: number,
  ) => readonly (readonly [what: string, timestamp: readonly string[]])[];
}

const timestampCheck = ({ variants, ...check }: TimestampCheck): Check =>
  rejectionCheck({
    ...check,
    fix,
    group: 'time',
    severity: check.ifAcknowledged === 'fail' ? 'major' : 'minor',
    requires: ['wrong-secret', 'stale-timestamp'],
    requests: (context) =>
      variants(context.client.nowSeconds()).map(([what, timestamp]) => stamp(context, what, timestamp)),
  });

const oldEvent: Check = {
  id: 'old-event',
  group: 'time',
  title: 'rejects an event that was signed long ago',
  why: 'The timestamp header is not signed, so a captured request can be sent again with a new one. Ids that were forgotten do not stop it; the signed timestamp in the body does.',
  fix: 'Reject events whose signed `timestamp` is older than the time for which you remember ids. With this package: `replay: { store }`.',
  severity: 'major',
  requires: ['wrong-secret'],
  async run({ client, events, log }) {
    const ageMs = 30 * daySeconds * 1_000;
    const event = events.create('deployment.completed', {
      timestampMs: client.nowSeconds() * 1_000 - ageMs,
    });
    const what = 'an event that was signed 30 days ago';
    const end = await client.send(event.json, { what });
    if (!isAcknowledged(end)) {
      log.rejected.push({ eventId: event.id, what });
      return pass();
    }
    return notProven(
      `The endpoint answered 2xx to ${what}. That is safe only if it remembers every id for ever, which cannot be observed.`,
    );
  },
};

const lenient = 'A parser that accepts more than one form hides mistakes of proxies and senders.';

/** Timestamp headers and signed timestamps. */
export const timeChecks: readonly Check[] = [
  distanceCheck({
    id: 'stale-timestamp',
    title: 'rejects an old timestamp header',
    why: 'A request that was captured or delayed is accepted at any later time, unchanged.',
    sign: -1,
    direction: 'in the past',
    requires: [],
  }),
  distanceCheck({
    id: 'future-timestamp',
    title: 'rejects a timestamp header in the future',
    why: 'A header in the future stays valid until then, so the check of old ones can be put off.',
    sign: 1,
    direction: 'in the future',
    requires: ['stale-timestamp'],
  }),
  timestampCheck({
    id: 'missing-timestamp',
    title: 'rejects a request without a timestamp',
    why: 'An attacker who replays a request leaves the header out, and your code then skips the check of its age.',
    ifAcknowledged: 'fail',
    variants: () => [
      ['no timestamp header', []],
      ['an empty timestamp header', ['']],
    ],
  }),
  timestampCheck({
    id: 'malformed-timestamp',
    title: 'rejects a timestamp that is not a number',
    why: 'The difference to NaN is NaN, which is not greater than 300: the check of the age is skipped.',
    ifAcknowledged: 'fail',
    variants: () => [
      ['the timestamp "soon"', ['soon']],
      ['the timestamp "NaN"', ['NaN']],
      ['an ISO timestamp of 2001', ['2001-01-01T00:00:00.000Z']],
    ],
  }),
  timestampCheck({
    id: 'lenient-timestamp',
    title: 'rejects a timestamp in another form',
    why: lenient,
    ifAcknowledged: 'warn',
    variants: (now) => [
      ['digits and letters', [`${now}abc`]],
      ['a fraction', [`${now}.5`]],
      ['a plus sign', [`+${now}`]],
      ['hex digits', [`0x${now.toString(16)}`]],
    ],
  }),
  timestampCheck({
    id: 'timestamp-twice',
    title: 'rejects two timestamp headers',
    why: lenient,
    ifAcknowledged: 'warn',
    variants: (now) => [
      ['a present timestamp header, then an old one', [String(now), String(now - daySeconds)]],
      ['an old timestamp header, then a present one', [String(now - daySeconds), String(now)]],
    ],
  }),
  oldEvent,
];
