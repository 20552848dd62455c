// The third part of npm run demo
//
// Delivers to an endpoint that is down, on a virtual clock: attempts over 2 h 36 min, a disabled endpoint, a held event and its release.
import { createMemoryStore, createSender } from '@hostwares/webhooks/sender';
import { createVirtualClock, sampleEvent } from '@hostwares/webhooks/testing';

const clock = createVirtualClock();
const startedMs = clock.now();
let isDown = true;
let notifications = 0;

const sender = createSender({
  store: createMemoryStore(),
  clock,
  // Replaces the network: the endpoint answers its ping and is down after that.
  transport: {
    send: ({ body }) => {
      const isPing = new TextDecoder().decode(body).includes('"event":"ping"');
      return Promise.resolve({ status: isDown && !isPing ? 503 : 200, timings: { totalMs: 0 } });
    },
    close: () => Promise.resolve(),
  },
  onEndpointDisabled: () => (notifications += 1),
});
const { id } = await sender.createEndpoint({ url: 'https://93.184.215.14/hook', events: ['*'] });
const first = (await sender.publish(sampleEvent('deployment.failed'))).deliveries[0]!;
await sender.runUntilIdle();
const meanwhile = (await sender.publish(sampleEvent('credits.low'))).deliveries[0]!;

async function show(title: string, deliveryId: string): Promise<string> {
  const { delivery, attempts } = (await sender.getDelivery(deliveryId))!;
  console.log(`\n${title}: ${delivery.status}`);
  for (const { number, startedAtMs, result, reason } of attempts) {
    const after = `+${(startedAtMs - startedMs) / 1000} s`.padEnd(10);
    console.log(`  attempt ${number}   ${after}HTTP ${result?.status}   ${reason}`);
  }
  return delivery.status;
}

const failed = await show('deployment.failed, to an endpoint that is down', first.id);
const { status, lastError } = (await sender.getEndpoint(id))!;
console.log(
  `\nThe endpoint is ${status} (${lastError}); its owner was notified ${notifications === 1 ? 'once' : `${notifications} times`}.`,
);
const held = await show('credits.low, published to the disabled endpoint', meanwhile.id);

isDown = false;
const { released } = await sender.enableEndpoint(id, { release: true });
await sender.runUntilIdle();
const delivered = await show(
  `credits.low, after the endpoint was enabled and ${released} released`,
  meanwhile.id,
);

const isKept = failed === 'failed' && held === 'held' && delivered === 'succeeded' && notifications === 1;
console.log(`\nThe contract was ${isKept ? 'kept' : 'BROKEN'}.`);
process.exitCode = isKept ? 0 : 1;
