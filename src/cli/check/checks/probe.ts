import { setTimeout as sleep } from 'node:timers/promises';
import { eventTypes } from '../../../events/types.js';
import { describeStatus, isAcknowledged } from '../describe-exchange.js';
import type { Effects } from '../effects.js';
import type { CheckEvent } from '../events.js';
import { fail, notProven, pass, skip, warn } from '../outcomes.js';
import { ProbeError } from '../probe.js';
import type { Check, CheckContext, Outcome } from '../types.js';
import { deliver } from './deliver.js';
import { provable } from './provable.js';

/** Sends one event of each type, and returns those that were acknowledged. */
async function deliverEachType(context: CheckContext): Promise<CheckEvent[]> {
  const acknowledged: CheckEvent[] = [];
  for (const type of context.random.shuffle(eventTypes)) {
    const event = context.events.create(type);
    const what = `${type}, for the probe`;
    if (isAcknowledged(await deliver(context, { event, body: event.json, what }))) acknowledged.push(event);
  }
  // The type that most handlers use comes first.
  return acknowledged.sort((event) => (event.type === 'deployment.completed' ? -1 : 0));
}

/** Finds a type that has an effect, so that later checks can count effects. */
async function findEffectType(context: CheckContext, effects: Effects): Promise<Outcome> {
  const before = context.events.create('deployment.completed');
  if ((await effects.count(before.id)) > 0) {
    return fail(
      'The probe answered more than 0 for an event that was never sent. It must count the effects of the event it is asked for. After an earlier run with the same --seed, use another one.',
    );
  }
  const events = await deliverEachType(context);
  const found = events[await effects.waitForAny(events.map(({ id }) => id))];
  if (!found) {
    return fail(
      'The probe answered 0 for events of all twelve types that were acknowledged. Either no handler has an effect that it counts, or it looks in another place than the endpoint writes to.',
    );
  }
  effects.type = found.type;
  return pass(`Effects are counted for ${found.type}.`);
}

const probe: Check = {
  id: 'probe',
  group: 'probe',
  title: 'has effects that the probe counts',
  why: 'A 2xx alone proves nothing: only the count of effects shows that an event was handled, and how often.',
  fix: 'Let the probe answer how many side effects the event in `event_id` (or HOSTWARES_EVENT_ID) has had: 0, 1 or more.',
  severity: 'minor',
  async run(context) {
    const { effects } = context;
    if (!effects) return skip('There is no --probe.');
    try {
      return await findEffectType(context, effects);
    } catch (error) {
      if (error instanceof ProbeError) return fail(error.message);
      throw error;
    }
  },
};

const acknowledgedEarly: Check = {
  id: 'acknowledged-early',
  group: 'probe',
  title: 'answers 2xx after the work is done',
  why: 'After a 2xx the platform never sends the event again. If the process ends or the handler fails after it, the event is lost.',
  fix: 'Await the work and then answer. Or write the event to a durable queue before you answer; then this warning is expected.',
  severity: 'major',
  async run(context) {
    const effects = provable(context);
    if (!effects) return notProven('Only a probe shows whether the effect was there when the 2xx came.');
    const event = context.events.create(effects.type);
    const end = await deliver(context, { event, body: event.json, what: 'an event followed by the probe' });
    if (!isAcknowledged(end)) return fail(`A genuine ${effects.type} got ${describeStatus(end)}.`);
    if ((await effects.count(event.id)) > 0) return pass();
    return (await effects.waitForAny([event.id])) === 0
      ? warn('The effect was not there when the 2xx came. It arrived later.')
      : fail('The event was acknowledged with 2xx, but its effect did not arrive.');
  },
};

/** How long the failing handling may need to be repeated by the endpoint itself. */
async function hasEffectInTime(effects: Effects, eventId: string, pollMs: number): Promise<boolean> {
  const found = await effects.waitForAny([eventId]);
  if (found < 0) return false;
  await sleep(pollMs);
  return true;
}

const failureAcknowledged: Check = {
  id: 'failure-acknowledged',
  group: 'probe',
  title: 'answers no 2xx if the handling fails',
  why: 'A 2xx tells the platform that the event was handled. It is never sent again, and the event is lost.',
  fix: 'Answer 500 if a handler throws, and await handlers before the answer.',
  severity: 'major',
  async run(context) {
    const effects = provable(context);
    if (!effects)
      return notProven(
        'Only a probe can make a handling fail, with `fail_next`, see the documentation of --probe.',
      );
    const event = context.events.create(effects.type);
    if (!(await effects.failNext(event.id))) {
      return notProven('The probe cannot make a handling fail: it does not answer "fail_next": true.');
    }
    context.log.failedEvent = event;
    const end = await context.client.send(event.json, { what: 'an event whose handling fails' });
    if (!isAcknowledged(end)) return pass();
    // A queue acknowledges first and repeats the handling by itself.
    return (await hasEffectInTime(effects, event.id, context.timings.pollMs))
      ? pass('The endpoint repeated the failed handling by itself.')
      : fail(`The handling failed, and yet the response was ${describeStatus(end)}. The event is lost.`);
  },
};

/** Checks of the probe itself, and of the moment of the 2xx. */
export const probeChecks: readonly Check[] = [probe, acknowledgedEarly, failureAcknowledged];
