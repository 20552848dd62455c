// npm run demo [-- --keep]
//
// A tour: starts the Express example and the emulator, sends every event, attacks the example, and lets it be down for longer than the
// platform retries. Prints the responses; the exit code is 0 only if each was right. With --keep, the dashboard stays open at the end.
import { eventTypes } from '@hostwares/webhooks';
import { startEmulator } from '@hostwares/webhooks/emulator';
import { createSignedRequest } from '@hostwares/webhooks/testing';
import { startExample } from './start.ts';

const secret = 'whsec_secret_of_the_demo_endpoint';
const hourMs = 3_600_000;

let right = 0;
let all = 0;
const line = (...cells: string[]) =>
  console.log(
    cells
      .map((cell, column) => cell.padEnd(column === 0 ? 32 : 46))
      .join('')
      .trimEnd(),
  );
function row(name: string, actual: string, expected: string): void {
  all += 1;
  if (actual === expected) right += 1;
  line(name, actual, actual === expected ? 'right' : `WRONG, expected ${expected}`);
}
function title(text: string): void {
  console.log(`\n${text}\n${'-'.repeat(text.length)}`);
}
const handled = '200 {"received":true}';
const rejected = (status: number, code: string) => `${status} {"error":"${code}"}`;

const emulator = await startEmulator();
let server = await startExample('express/server.ts', secret);
const urlOf = ({ url }: { url: string }) => `${url}/webhooks/hostwares`;
console.log(`Dashboard of the emulator: ${emulator.url}`);

/** Returns the response to an attempt of a delivery. */
async function responseTo(deliveryId: string, number = 1): Promise<string> {
  const { result } = await emulator.waitForAttempt(deliveryId, number);
  return result?.error ?? `${result?.status} ${result?.responseBody}`;
}
async function deliver(event: string): Promise<string> {
  const { deliveries } = await emulator.trigger(event);
  return deliveries[0]!.id;
}

title('Every event, through the emulator to the Express example');
const endpoint = await emulator.createEndpoint({ url: urlOf(server), events: ['*'], secret });
row('ping', await responseTo(endpoint.ping.deliveryId), handled);
for (const event of eventTypes) row(event, await responseTo(await deliver(event)), handled);
row('site.paused (unknown type)', await responseTo(await deliver('site.paused')), handled);

title('Attacks');
type Change = (headers: Headers, body: string) => string | Uint8Array<ArrayBuffer>;
async function attack(name: string, expected: string, request: Request, change: Change): Promise<void> {
  const headers = new Headers(request.headers);
  const body = change(headers, await request.text());
  const response = await fetch(request.url, { method: 'POST', headers, body });
  row(name, `${response.status} ${await response.text()}`, expected);
}
const url = urlOf(server);
const genuine = () => createSignedRequest('credits.low', { secret, url });
const shifted = (ms: number) =>
  createSignedRequest('site.deleted', { secret, url, now: () => Date.now() + ms });
const unchanged: Change = (_headers, body) => body;
const mismatch = rejected(401, 'signature_mismatch');
const outside = rejected(401, 'timestamp_outside_tolerance');
await attack('tampered body', mismatch, await genuine(), (_headers, body) => body.replace('4.2', '9.9'));
const guessed = await createSignedRequest('site.deleted', { secret: 'whsec_guessed', url });
await attack('wrong secret', mismatch, guessed, unchanged);
await attack('stale timestamp', outside, await shifted(-hourMs), unchanged);
await attack('future timestamp', outside, await shifted(hourMs), unchanged);
await attack('missing header', rejected(401, 'missing_signature'), await genuine(), (headers, body) => {
  headers.delete('x-hostwares-signature');
  return body;
});
const oversized = rejected(413, 'body_too_large');
await attack('oversized body', oversized, await genuine(), () => new Uint8Array(2_000_000));

title('An outage longer than all retries, on a clock that jumps');
await server.stop();
const startedMs = emulator.clock.now();
const lost = await deliver('deployment.failed');
await emulator.waitForAttempt(lost);
const { '0': refused } = (await emulator.sender.getDelivery(lost))!.attempts;
row(
  'attempt 1',
  refused!.result?.error?.includes('ECONNREFUSED') ? 'connection refused' : 'other',
  'connection refused',
);
const intervals = ['10 s', '1 min 10 s', '6 min 10 s', '36 min 10 s', '2 h 36 min 10 s'];
const seconds = [10, 70, 370, 2_170, 9_370];
for (const [index, interval] of intervals.entries()) {
  await emulator.clock.jumpToNextRetry();
  const { attempts } = (await emulator.sender.getDelivery(lost))!;
  const passed = ((attempts.at(-1)?.startedAtMs ?? 0) - startedMs) / 1000;
  const isOnTime = Math.abs(passed - seconds[index]!) < 5;
  row(
    `attempt ${attempts.length}`,
    isOnTime ? `after ${interval}` : `after ${passed} s`,
    `after ${interval}`,
  );
}
const statusOf = async (id: string) => (await emulator.sender.getDelivery(id))!.delivery.status;
row('the delivery', await statusOf(lost), 'failed');
row('the endpoint', (await emulator.sender.getEndpoint(endpoint.id))!.status, 'disabled');
row('e-mails to its owner', String(emulator.mailbox.list().length), '1');
const held = await deliver('deployment.completed');
row('an event meanwhile', await statusOf(held), 'held');

title('The example is back');
const firstLog = server.log;
server = await startExample('express/server.ts', secret);
await emulator.sender.updateEndpoint(endpoint.id, { url: urlOf(server) });
const { released } = await emulator.sender.enableEndpoint(endpoint.id, { release: true });
row('events released', String(released), '1');
row('deployment.completed', await responseTo(held), handled);
const again = await emulator.sender.redeliver(lost);
row('deployment.failed, redelivered', await responseTo(again.id), handled);

title('Log of the example');
for (const each of [...firstLog, ...server.log]) console.log(`  ${each}`);
console.log(`\n${right} of ${all} were right.`);
process.exitCode = right === all ? 0 : 1;

if (process.argv.includes('--keep')) {
  console.log(`\nThe dashboard is open at ${emulator.url}. Ctrl-C ends it.`);
  await new Promise((resolve) => process.once('SIGINT', resolve));
}
await server.stop();
await emulator.stop();
