import { fail, notProven, pass } from '../outcomes.js';
import type { Check } from '../types.js';
import { provable } from './provable.js';

/** Names several things in one sentence, without repetitions. */
const list = (names: readonly string[]): string => [...new Set(names)].join('; ');

const staysAvailable: Check = {
  id: 'stays-available',
  group: 'summary',
  title: 'still responds after forged and malformed requests',
  why: 'Anybody can send such a request. If it ends the process or occupies it, genuine events are lost for everybody.',
  fix: 'Answer on every path. Catch the exceptions of asynchronous code, and of callbacks such as `request.on("end")`.',
  severity: 'major',
  requires: ['accepts-genuine'],
  runsAfterStop: true,
  async run({ log }) {
    if (log.stopped !== undefined) return Promise.resolve(fail(log.stopped));
    if (log.unanswered.length === 0) return Promise.resolve(pass());
    return Promise.resolve(fail(`The endpoint gave no response in time to ${list(log.unanswered)}.`));
  },
};

const serverErrors: Check = {
  id: 'rejected-with-5xx',
  group: 'summary',
  title: 'answers forged requests with 4xx, not with 5xx',
  why: 'A 5xx means that the code threw: `timingSafeEqual` throws for two lengths, and a missing header is undefined. Anybody can fill your log with it, or end the process.',
  fix: 'Check that the header is there and has the exact form before you compare it, and answer 401.',
  severity: 'minor',
  requires: ['accepts-genuine'],
  runsAfterStop: true,
  async run({ log }) {
    const seen = log.serverErrors.map(({ what, answer }) => `${answer} to ${what}`);
    return Promise.resolve(seen.length === 0 ? pass() : fail(`The endpoint answered ${list(seen)}.`));
  },
};

const leaks: Check = {
  id: 'leak',
  group: 'summary',
  title: 'tells no secret in its responses',
  why: 'A response that contains the secret or the expected signature gives an attacker the means to forge events.',
  fix: 'Answer a rejected request with a status and a code, and nothing else.',
  severity: 'critical',
  requires: ['accepts-genuine'],
  runsAfterStop: true,
  async run({ log }) {
    const seen = log.leaks.map(({ what, leaked }) => `${leaked}, in the response to ${what}`);
    return Promise.resolve(seen.length === 0 ? pass() : fail(`The endpoint tells ${list(seen)}.`));
  },
};

const rejectedEffects: Check = {
  id: 'effect-of-rejected',
  group: 'summary',
  title: 'does nothing for requests that it rejects',
  why: 'The work was done before the signature was checked. The 401 comes too late.',
  fix: 'Verify first, and return if the verification fails.',
  severity: 'critical',
  async run(context) {
    const effects = provable(context);
    if (!effects) return notProven('Only a probe shows whether rejected requests had an effect.');
    await effects.quiet();
    const { rejected } = context.log;
    const counts = await effects.countAll(rejected.map(({ eventId }) => eventId));
    const acted = rejected.filter((_, position) => (counts[position] ?? 0) > 0).map(({ what }) => what);
    return acted.length === 0
      ? pass(`None of ${rejected.length} rejected requests had an effect.`)
      : fail(`Rejected, and yet with an effect: ${list(acted)}.`);
  },
};

const missingEffects: Check = {
  id: 'one-effect-each',
  group: 'summary',
  title: 'handles each acknowledged event once',
  why: 'A 2xx tells the platform that the event was handled. It is never sent again.',
  fix: 'Answer 2xx only after the effect is there. Do not skip events silently.',
  severity: 'major',
  requires: ['acknowledged-early'],
  async run(context) {
    const effects = provable(context);
    if (!effects) return notProven('Only a probe shows whether acknowledged events had their effect.');
    const events = context.log.acknowledged.filter(({ type }) => type === effects.type);
    // An effect that comes late is the finding of `acknowledged-early`.
    const counts = await effects.settledCounts(events.map(({ eventId }) => eventId));
    const wrong = events.flatMap(({ what }, position) =>
      counts[position] === 1 ? [] : [`${counts[position] ?? 0} effects of ${what}`],
    );
    return wrong.length === 0
      ? pass(`Each of ${events.length} events had one effect.`)
      : fail(`Expected one effect of each acknowledged event, but there were ${list(wrong)}.`);
  },
};

/** Judgements about all requests of the run. They come last. */
export const summaryChecks: readonly Check[] = [
  staysAvailable,
  serverErrors,
  leaks,
  rejectedEffects,
  missingEffects,
];
