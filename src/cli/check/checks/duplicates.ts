import { setTimeout as sleep } from 'node:timers/promises';
import { describeExchange, describeStatus, isAcknowledged, isRetryable } from '../describe-exchange.js';
import type { CheckEvent } from '../events.js';
import { fail, notProven, pass } from '../outcomes.js';
import type { Exchange } from '../request.js';
import type { Check, CheckContext, Outcome } from '../types.js';
import { deliverWithRetries } from './deliver.js';
import { effectType, provable, unproven } from './provable.js';

const simultaneous = 20;
/** How long before the replay the request was captured. Every tolerance allows that. */
const replayAgeSeconds = 30;

const why =
  'The platform delivers at least once: it retries an event whenever it saw no 2xx in time, although your code may have run.';
const fix =
  'Remember the `id` of each handled event, together with the effect or in a replay store, and answer 2xx without a second effect if it is delivered again. With this package: `replay: { store }`.';

/** Judges the number of effects of an event that was delivered more than once. */
async function expectOneEffect(context: CheckContext, eventId: string, seen: string): Promise<Outcome> {
  const effects = provable(context);
  if (!effects) return unproven(context, seen);
  const count = await effects.settledCount(eventId);
  if (count === 1) return pass();
  return fail(
    count === 0
      ? 'The event was acknowledged but had no effect.'
      : `The event had ${count} effects instead of 1.`,
  );
}

/** Sends an event twice, one after the other, and judges the second response and the effects. */
async function deliverTwice(
  context: CheckContext,
  event: CheckEvent,
  [first, second]: readonly [stamp: string | undefined, stamp: string | undefined],
): Promise<Outcome> {
  const send = (what: string, stamp: string | undefined) =>
    context.client.send(event.json, { what, ...(stamp !== undefined && { timestamp: [stamp] }) });
  const original = await send('an event to repeat', first);
  if (!isAcknowledged(original)) return fail(`The first delivery got ${describeExchange(original)}.`);
  const repeated = await send('an event that was acknowledged before', second);
  if (!isAcknowledged(repeated)) {
    return fail(
      `The second delivery got ${describeExchange(repeated)}. The platform would retry it and then disable the endpoint.`,
    );
  }
  return expectOneEffect(context, event.id, 'Both deliveries got 2xx.');
}

const duplicate: Check = {
  id: 'duplicate',
  group: 'duplicates',
  title: 'handles an event once that is delivered twice',
  why,
  fix,
  severity: 'major',
  run(context) {
    const stamp = String(context.client.nowSeconds());
    return deliverTwice(context, context.events.create(effectType(context)), [stamp, stamp]);
  },
};

const replay: Check = {
  id: 'replay',
  group: 'duplicates',
  title: 'handles an event once that is replayed with a new timestamp header',
  why: 'The signature does not cover the timestamp header. An attacker who has captured a request sends it again with a current timestamp, and the signature matches. Only the id in the body shows that the event was handled.',
  fix: 'Remember the `id` of the event, not the signature or the timestamp header. Answer 2xx without a second effect if it is delivered again.',
  severity: 'major',
  requires: ['duplicate'],
  run(context) {
    const first = String(context.client.nowSeconds() - replayAgeSeconds);
    return deliverTwice(context, context.events.create(effectType(context)), [first, undefined]);
  },
};

function judgeSimultaneous(ends: readonly Exchange[]): Outcome | undefined {
  const refused = ends.find((end) => !isAcknowledged(end) && !isRetryable(end));
  if (refused)
    return fail(`One of the deliveries got ${describeExchange(refused)}, which is no reason for a retry.`);
  if (!ends.some(isAcknowledged))
    return fail(`None of the deliveries got 2xx; one got ${describeStatus(ends[0] as Exchange)}.`);
  return undefined;
}

const concurrent: Check = {
  id: 'concurrent',
  group: 'duplicates',
  title: `handles an event once that is delivered ${simultaneous} times at the same time`,
  why: 'A retry can arrive while the first attempt is still being handled. Code that first looks for the id and then stores it lets both through.',
  fix: 'Claim the id atomically: a unique key, INSERT … ON CONFLICT DO NOTHING, or SET NX. Answer 409 or 503 while another request handles the event.',
  severity: 'major',
  requires: ['replay'],
  async run(context) {
    const { client, log } = context;
    const effects = provable(context);
    const event = context.events.create(effectType(context));
    let probing: Promise<void> | undefined;
    const sendOne = async (): Promise<Exchange> => {
      const end = await client.send(event.json, { what: 'one of many simultaneous deliveries' });
      if (effects && isAcknowledged(end)) {
        probing ??= effects.count(event.id).then((count) => {
          log.countAtFirstResponse = count;
        });
      }
      return end;
    };
    const ends = await Promise.all(Array.from({ length: simultaneous }, sendOne));
    await probing;
    const problem = judgeSimultaneous(ends);
    if (problem) return problem;
    const last = await deliverWithRetries(context, event.json, 'a retry after simultaneous deliveries');
    if (!isAcknowledged(last)) return fail(`A later retry got ${describeExchange(last)} instead of 2xx.`);
    return expectOneEffect(context, event.id, 'Each delivery got 2xx or was put off.');
  },
};

const duplicateInProgress: Check = {
  id: 'duplicate-in-progress',
  group: 'duplicates',
  title: 'does not acknowledge an event that is still being handled',
  why: 'If the first handling then fails, the platform has its 2xx already and never sends the event again.',
  fix: 'Mark an event as handled after its handling, not before. Answer 409 or 503 to a duplicate in the meantime.',
  severity: 'major',
  requires: ['concurrent'],
  async run(context) {
    const count = context.log.countAtFirstResponse;
    if (count === undefined) return Promise.resolve(unproven(context, 'Nothing wrong was seen.'));
    if (count > 0) return Promise.resolve(pass());
    const seen = `Of ${simultaneous} simultaneous deliveries, one got 2xx before the effect was there.`;
    // An endpoint that always acknowledges early has a finding of its own.
    return Promise.resolve(
      context.stateOf('acknowledged-early') === 'pass'
        ? fail(seen)
        : notProven(`${seen} So do single deliveries.`),
    );
  },
};

const retryAfterFailure: Check = {
  id: 'retry-after-failure',
  group: 'duplicates',
  title: 'handles an event again if its first handling failed',
  why: 'An endpoint that marks an event as handled before it has handled it takes the retry for a duplicate. The event is lost, with a 2xx.',
  fix: 'Mark the event after its handling, in the same transaction as the effect if you can, or release the claim if the handling fails.',
  severity: 'major',
  requires: ['failure-acknowledged'],
  async run(context) {
    const event = context.log.failedEvent;
    if (!event)
      return notProven(
        'This needs an event whose handling fails: a probe with `fail_next`, see the documentation of --probe.',
      );
    const end = await deliverWithRetries(context, event.json, 'a retry of an event whose handling failed');
    if (!isAcknowledged(end)) return fail(`The retry got ${describeExchange(end)} instead of 2xx.`);
    return expectOneEffect(context, event.id, 'The retry got 2xx.');
  },
};

const retryAfterCut: Check = {
  id: 'retry-after-cut',
  group: 'duplicates',
  title: 'handles an event once if the connection ends before the response',
  why: 'The platform saw no 2xx and retries. The first attempt was either handled or interrupted, and the retry must find out which.',
  fix,
  severity: 'major',
  requires: ['concurrent'],
  async run(context) {
    const { client, timings } = context;
    const event = context.events.create(effectType(context));
    const bytes = new TextEncoder().encode(event.json).length;
    const what = 'an event whose connection was closed before the response';
    await client.send(event.json, { what, truncate: { bytes, then: 'close' } });
    await sleep(timings.pollMs);
    const end = await deliverWithRetries(context, event.json, `a retry of ${what}`);
    if (!isAcknowledged(end)) return fail(`The retry got ${describeExchange(end)} instead of 2xx.`);
    return expectOneEffect(context, event.id, 'The retry got 2xx.');
  },
};

const outOfOrder: Check = {
  id: 'out-of-order',
  group: 'duplicates',
  title: 'acknowledges an older event that arrives later',
  why: 'A failed delivery is retried minutes or hours later, after newer events of the same site. An endpoint that rejects it is disabled.',
  fix: 'Answer 2xx to older events, but do not let them overwrite newer state: compare the signed timestamps (`isNewer`).',
  severity: 'major',
  async run(context) {
    const { client, events } = context;
    const nowMs = client.nowSeconds() * 1_000;
    const site = { site_id: `site_${context.random.hex(8)}` };
    const older = events.create('site.status_changed', {
      timestampMs: nowMs - 60_000,
      data: { ...site, status: 'DEPLOYING' },
    });
    const newer = events.create('site.status_changed', {
      timestampMs: nowMs,
      data: { ...site, status: 'RUNNING' },
    });
    for (const { event, what } of [
      { event: newer, what: 'the newer of two events' },
      { event: older, what: 'the older of two events, delivered later' },
    ]) {
      const end = await client.send(event.json, { what });
      if (!isAcknowledged(end)) return fail(`A genuine request, ${what}, got ${describeExchange(end)}.`);
    }
    return pass();
  },
};

/** Deliveries of the same event, or of the same resource, more than once. */
export const duplicateChecks: readonly Check[] = [
  duplicate,
  replay,
  concurrent,
  duplicateInProgress,
  retryAfterFailure,
  retryAfterCut,
  outOfOrder,
];
