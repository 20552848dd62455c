// npm run demo
//
// Starts the Express example, sends it what Hostwares sends and what an attacker would, and shows what
// it answered. Ends by itself; the exit code is 0 only if every answer was right.
import { eventTypes } from '@hostwares/webhooks';
import { createSignedRequest } from '@hostwares/webhooks/testing';
import { startExample } from './start.ts';

const secret = 'whsec_secret_of_the_demo_endpoint';
const server = await startExample('express/server.ts', secret);
const url = `${server.url}/webhooks/hostwares`;

type Change = (headers: Headers, body: string) => string | Uint8Array<ArrayBuffer>;
const unchanged: Change = (_headers, body) => body;
const genuine = (event: string) => createSignedRequest(event, { secret, url });

interface Delivery {
  name: string;
  request: Request;
  change?: Change;
  expected: string;
}

const handled = '200 {"received":true}';
const refused = (status: number, code: string) => `${status} {"error":"${code}"}`;
const hour = 3_600_000;

const deliveries: Delivery[] = [];
for (const event of [...eventTypes, 'ping', 'site.paused']) {
  const name = event === 'site.paused' ? 'site.paused (unknown type)' : event;
  deliveries.push({ name, request: await genuine(event), expected: handled });
}
deliveries.push(
  {
    name: 'attack: tampered body',
    request: await genuine('credits.low'),
    change: (_headers, body) => body.replace('4.2', '9.9'),
    expected: refused(401, 'signature_mismatch'),
  },
  {
    name: 'attack: wrong secret',
    request: await createSignedRequest('site.deleted', { secret: 'whsec_guessed', url }),
    expected: refused(401, 'signature_mismatch'),
  },
  {
    name: 'attack: stale timestamp',
    request: await createSignedRequest('site.deleted', { secret, url, now: () => Date.now() - hour }),
    expected: refused(401, 'timestamp_outside_tolerance'),
  },
  {
    name: 'attack: future timestamp',
    request: await createSignedRequest('site.deleted', { secret, url, now: () => Date.now() + hour }),
    expected: refused(401, 'timestamp_outside_tolerance'),
  },
  {
    name: 'attack: missing header',
    request: await genuine('site.deleted'),
    change: (headers, body) => {
      headers.delete('x-hostwares-signature');
      return body;
    },
    expected: refused(401, 'missing_signature'),
  },
  {
    name: 'attack: oversized body',
    request: await genuine('site.deleted'),
    change: () => new Uint8Array(2_000_000),
    expected: refused(413, 'body_too_large'),
  },
);

let wrong = 0;
const row = (...cells: string[]) =>
  console.log(
    cells
      .map((cell, at) => cell.padEnd(at === 0 ? 30 : 46))
      .join('')
      .trimEnd(),
  );
row('sent', 'answered', '');
row('-'.repeat(28), '-'.repeat(44), '-----');
for (const { name, request, change = unchanged, expected } of deliveries) {
  const headers = new Headers(request.headers);
  const body = change(headers, await request.text());
  const response = await fetch(url, { method: 'POST', headers, body });
  const answered = `${response.status} ${await response.text()}`;
  const right = answered === expected;
  if (!right) wrong += 1;
  row(name, answered, right ? 'right' : `WRONG, expected ${expected}`);
}
await server.stop();

console.log('\nWhat the server logged:');
for (const line of server.log) console.log(`  ${line}`);
console.log(`\n${deliveries.length - wrong} of ${deliveries.length} answers were right.`);
process.exitCode = wrong === 0 ? 0 : 1;
