// npm run demo
//
// Starts the Express example, sends it every event through the reference sender and then the requests of an attacker, and prints the
// responses. The exit code is 0 only if every response was right.
import { eventTypes } from '@hostwares/webhooks';
import { createMemoryStore, createSender } from '@hostwares/webhooks/sender';
import { createSignedRequest, sampleEvent } from '@hostwares/webhooks/testing';
import { startExample } from './start.ts';

const secret = 'whsec_secret_of_the_demo_endpoint';
const server = await startExample('express/server.ts', secret);
const url = `${server.url}/webhooks/hostwares`;

type Change = (headers: Headers, body: string) => string | Uint8Array<ArrayBuffer>;
const unchanged: Change = (_headers, body) => body;
const genuine = (event: string) => createSignedRequest(event, { secret, url });

const handled = '200 {"received":true}';
const rejected = (status: number, code: string) => `${status} {"error":"${code}"}`;
const hour = 3_600_000;

let right = 0;
let all = 0;
const line = (...cells: string[]) =>
  console.log(
    cells
      .map((cell, column) => cell.padEnd(column === 0 ? 30 : 46))
      .join('')
      .trimEnd(),
  );
function row(name: string, answered: string, expected: string): void {
  all += 1;
  if (answered === expected) right += 1;
  line(name, answered, answered === expected ? 'right' : `WRONG, expected ${expected}`);
}
line('sent', 'answered', '');
line('-'.repeat(28), '-'.repeat(44), '-----');

// The platform's side. allowPrivateNetwork admits an endpoint on this machine.
const sender = createSender({ store: createMemoryStore(), allowPrivateNetwork: true });
const endpoint = await sender.createEndpoint({ url, events: ['*'], secret });

/** Waits for the response to the first attempt. */
async function answerTo(deliveryId: string): Promise<string> {
  for (;;) {
    const details = await sender.getDelivery(deliveryId);
    const result = details?.attempts[0]?.result;
    if (result) return result.error ?? `${result.status} ${result.responseBody}`;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

await sender.start();
for (const event of [...eventTypes, 'site.paused']) {
  const unknown = event === 'site.paused';
  const { deliveries } = await sender.publish(
    unknown ? sampleEvent('unknown', { type: event }) : sampleEvent(event as (typeof eventTypes)[number]),
  );
  row(unknown ? 'site.paused (unknown type)' : event, await answerTo(deliveries[0]!.id), handled);
}
row('ping', await answerTo(endpoint.ping.deliveryId), handled);
await sender.stop();

interface Attack {
  name: string;
  request: Request;
  change?: Change;
  expected: string;
}

const attacks: Attack[] = [
  {
    name: 'tampered body',
    request: await genuine('credits.low'),
    change: (_headers, body) => body.replace('4.2', '9.9'),
    expected: rejected(401, 'signature_mismatch'),
  },
  {
    name: 'wrong secret',
    request: await createSignedRequest('site.deleted', { secret: 'whsec_guessed', url }),
    expected: rejected(401, 'signature_mismatch'),
  },
  {
    name: 'stale timestamp',
    request: await createSignedRequest('site.deleted', { secret, url, now: () => Date.now() - hour }),
    expected: rejected(401, 'timestamp_outside_tolerance'),
  },
  {
    name: 'future timestamp',
    request: await createSignedRequest('site.deleted', { secret, url, now: () => Date.now() + hour }),
    expected: rejected(401, 'timestamp_outside_tolerance'),
  },
  {
    name: 'missing header',
    request: await genuine('site.deleted'),
    change: (headers, body) => {
      headers.delete('x-hostwares-signature');
      return body;
    },
    expected: rejected(401, 'missing_signature'),
  },
  {
    name: 'oversized body',
    request: await genuine('site.deleted'),
    change: () => new Uint8Array(2_000_000),
    expected: rejected(413, 'body_too_large'),
  },
];
for (const { name, request, change = unchanged, expected } of attacks) {
  const headers = new Headers(request.headers);
  const body = change(headers, await request.text());
  const response = await fetch(url, { method: 'POST', headers, body });
  row(`attack: ${name}`, `${response.status} ${await response.text()}`, expected);
}
await server.stop();

console.log('\nLog of the server:');
for (const each of server.log) console.log(`  ${each}`);
console.log(`\n${right} of ${all} answers were right.`);
process.exitCode = right === all ? 0 : 1;
