// The suite for every queue: it stores an event once, retries its handlers, and accepts a permanently failed event again.
import { createReceiver } from '@hostwares/webhooks';
import { createSignedRequest, sampleEvent } from '@hostwares/webhooks/testing';

const secret = 'whsec_of_the_oldest_peers';

/**
 * @param handoff - Queues events with at most two attempts and no delay between them.
 * @param work - Starts a worker.
 */
export async function tryQueue(handoff, work) {
  const seen = [];
  const receiver = createReceiver({ secret, handoff }).onAny(({ id }, { attempt }) => {
    seen.push([id, attempt]);
    // The first event succeeds at its second attempt, the second event at its third.
    if (attempt === 1 || (id === failing.id && attempt === 2)) throw new Error('not yet');
  });
  const [passing, failing, last] = ['credits.low', 'site.created', 'ssl.issued'].map((type) =>
    sampleEvent(type),
  );
  const attemptsOf = ({ id }) => seen.filter(([each]) => each === id).map(([, attempt]) => attempt);
  const deliver = async (event) => {
    const response = await receiver.handle(await createSignedRequest(event, { secret }));
    if (response.status !== 200) throw new Error(`answered ${response.status}`);
  };
  const expectSoon = async (event, expected) => {
    const deadline = performance.now() + 20_000;
    while (String(attemptsOf(event)) !== expected) {
      if (performance.now() > deadline) {
        throw new Error(`${event.event} had the attempts ${attemptsOf(event)}, not ${expected}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  await deliver(passing);
  await deliver(passing);
  await deliver(failing);
  await work(receiver);
  await expectSoon(passing, '1,2');
  await expectSoon(failing, '1,2');
  // The worker records the failure after the handler has thrown; until then, a redelivery counts as a duplicate.
  for (let tries = 0; tries < 100 && attemptsOf(failing).length < 3; tries += 1) {
    await deliver(failing);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await expectSoon(failing, '1,2,3');
  // Jobs run in order: once the last one has been handled, any duplicate of the first two would have been too.
  for (const event of [passing, failing, last]) await deliver(event);
  await expectSoon(last, '1,2');
  await expectSoon(passing, '1,2');
  await expectSoon(failing, '1,2,3');
  console.log('stored once, retried, accepted again after the last failure');
}
