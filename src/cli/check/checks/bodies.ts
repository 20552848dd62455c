import { setTimeout as sleep } from 'node:timers/promises';
import { describeExchange, describeStatus, isAcknowledged, isRejected } from '../describe-exchange.js';
import { fail, notProven, pass, warn } from '../outcomes.js';
import type { Check, CheckContext, Outcome } from '../types.js';
import { deliver, expectAcknowledged, rejectionCheck, type ForgedRequest } from './deliver.js';
import { effectType } from './provable.js';

const largeBytes = 200_000;
const oversizedBytes = 2_000_000;
const dripPieces = 20;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const largeBody: Check = {
  id: 'large-body',
  group: 'bodies',
  title: 'acknowledges an event of 200 kB',
  why: 'An event can have 256 KiB, with a long error or commit message. Body parsers stop at 100 kB unless told otherwise.',
  fix: 'Raise the limit of the body parser and of the proxy to 1 MB: `express.raw({ type: "*/*", limit: "1mb" })`.',
  severity: 'major',
  run(context) {
    const event = context.events.create(effectType(context), {
      data: { commit_message: 'x'.repeat(largeBytes) },
    });
    return expectAcknowledged(context, { event, body: event.json, what: 'an event of 200 kB' });
  },
};

const oversizedBody: Check = {
  id: 'oversized-body',
  group: 'bodies',
  title: 'rejects a body of 2 MB',
  why: 'The body is read before the signature can be checked. Without a limit anybody can fill the memory of the process.',
  fix: 'Limit the body to 1 MB and answer 413 beyond it.',
  severity: 'minor',
  async run({ client, events, log }) {
    const event = events.create('deployment.completed', {
      data: { commit_message: 'x'.repeat(oversizedBytes) },
    });
    const what = 'a body of 2 MB';
    // In pieces, so that an early response is read before the connection breaks.
    const end = await client.send(event.json, { what, pacing: { chunkBytes: 65_536, delayMs: 2 } });
    if (isAcknowledged(end)) return warn(`The endpoint answered 2xx to ${what}. No limit was seen.`);
    log.rejected.push({ eventId: event.id, what });
    // A server may close the connection instead of reading on. It still listens, or the run would have ended.
    if (isRejected(end) || (end.kind === 'failure' && end.reason === 'closed')) return pass();
    return fail(`The response to ${what} was ${describeExchange(end)} instead of 413.`);
  },
};

const slowBody: Check = {
  id: 'slow-body',
  group: 'bodies',
  title: 'accepts a body that arrives slowly',
  why: 'On a slow connection a body arrives in pieces. Code that takes the first piece for the whole rejects genuine events.',
  fix: 'Read the body to its end, for about 15 s at most.',
  severity: 'major',
  async run(context) {
    const event = context.events.create(effectType(context));
    const delayMs = context.timings.dripMs;
    const chunkBytes = Math.ceil(encode(event.json).length / dripPieces);
    const what = 'an event whose body arrives in pieces';
    const end = await context.client.send(event.json, { what, pacing: { chunkBytes, delayMs } });
    if (isAcknowledged(end)) {
      context.log.acknowledged.push({ eventId: event.id, type: event.type, what, durationMs: 0 });
      return pass();
    }
    return fail(`A genuine request, ${what}, got ${describeExchange(end)} instead of 2xx.`);
  },
};

const unfinishedBody: Check = {
  id: 'unfinished-body',
  group: 'bodies',
  title: 'stops waiting for a body that never ends',
  why: 'Each such connection occupies the endpoint until it gives up. A few hundred are enough to exhaust many servers.',
  fix: 'Limit the time for the body to about 15 s: `server.requestTimeout` in Node, or the limits of your proxy.',
  severity: 'minor',
  isBackground: true,
  async run({ client, events, log, timings }) {
    const event = events.create('deployment.completed');
    const what = 'half a body, and then nothing';
    const bytes = Math.floor(encode(event.json).length / 2);
    const timeoutMs = timings.unfinishedMs;
    const end = await client.sendOnce(event.json, { what, truncate: { bytes, then: 'wait' }, timeoutMs });
    if (isAcknowledged(end)) return fail(`The endpoint answered ${describeStatus(end)} to ${what}.`);
    log.rejected.push({ eventId: event.id, what });
    if (end.kind === 'response' || end.reason !== 'timeout') return pass();
    return notProven(
      `The endpoint still waited after ${Math.round(timeoutMs / 1_000)} s. It answered other requests meanwhile. Limit the time for a body to about 15 s.`,
    );
  },
};

const cutBody: Check = {
  id: 'cut-body',
  group: 'bodies',
  title: 'handles an event after a delivery whose body was cut off',
  why: 'The platform retries a delivery that broke off. The incomplete one must neither end the process nor count as handled.',
  fix: 'Verify the signature over the complete body, and mark nothing before.',
  severity: 'major',
  async run(context) {
    const { client, timings } = context;
    const event = context.events.create(effectType(context));
    const bytes = Math.floor(encode(event.json).length / 2);
    await client.send(event.json, { what: 'half a body', truncate: { bytes, then: 'close' } });
    await sleep(timings.pollMs);
    const end = await deliver(context, { event, body: event.json, what: 'an event that broke off before' });
    return isAcknowledged(end) ? pass() : fail(`The retry got ${describeExchange(end)} instead of 2xx.`);
  },
};

/** Sends signed bodies that no platform sends. They must be rejected with 4xx: a 5xx asks for a retry, or is a crash. */
async function expectRejection(
  { client, log }: CheckContext,
  bodies: readonly (readonly [what: string, body: string | Uint8Array, eventId: string])[],
): Promise<Outcome> {
  const failures: string[] = [];
  const acknowledged: string[] = [];
  for (const [what, body, eventId] of bodies) {
    const end = await client.send(body, { what });
    if (isAcknowledged(end)) {
      acknowledged.push(what);
      continue;
    }
    log.rejected.push({ eventId, what });
    if (!isRejected(end)) failures.push(`${describeExchange(end)} to ${what}`);
  }
  if (failures.length > 0) return fail(`The endpoint answered ${failures.join('; ')}, instead of 400.`);
  if (acknowledged.length > 0) return warn(`The endpoint answered 2xx to ${acknowledged.join('; ')}.`);
  return pass();
}

/** Replaces the text "shop" by a byte sequence of the same meaning to a lenient decoder. */
function insertBytes(json: string, bytes: readonly number[]): Uint8Array {
  const [before = '', after = ''] = json.split('@@');
  return Uint8Array.from([...encode(before), ...bytes, ...encode(after)]);
}

const invalidUtf8: Check = {
  id: 'invalid-utf8',
  group: 'bodies',
  title: 'rejects a signed body that is not UTF-8',
  why: 'A lenient decoder replaces such bytes, and your code works on a text that nobody sent.',
  fix: 'Decode with `new TextDecoder("utf-8", { fatal: true })` and answer 400 if it throws.',
  severity: 'minor',
  requires: ['wrong-secret'],
  async run(context) {
    const event = context.events.create('deployment.completed', { data: { commit_message: '@@' } });
    return expectRejection(context, [
      ['a signed body with the bytes C3 28', insertBytes(event.json, [0xc3, 0x28]), event.id],
    ]);
  },
};

const invalidJson: Check = {
  id: 'invalid-json',
  group: 'bodies',
  title: 'rejects a signed body that is not JSON',
  why: 'An exception of the parser becomes a 500, or ends the process.',
  fix: 'Put `JSON.parse` into try/catch and answer 400.',
  severity: 'minor',
  requires: ['wrong-secret'],
  async run(context) {
    const { json, id } = context.events.create('deployment.completed');
    return expectRejection(context, [
      ['a signed body that breaks off', json.slice(0, -1), id],
      ['an empty signed body', '', id],
    ]);
  },
};

const invalidEnvelope: Check = {
  id: 'invalid-envelope',
  group: 'bodies',
  title: 'rejects signed JSON that is not an event',
  why: 'Code that reads `event.data` of null or of a number throws, and the answer is a 500.',
  fix: 'Check that the parsed value is an object with `id`, `event`, `timestamp` and `data`, and answer 400 if not.',
  severity: 'minor',
  requires: ['wrong-secret', 'invalid-json'],
  async run(context) {
    const { id } = context.events.create('deployment.completed');
    return expectRejection(context, [
      ['the signed body "null"', 'null', id],
      ['the signed body "[]"', '[]', id],
      ['the signed body "{}"', '{}', id],
    ]);
  },
};

const decodedBody = rejectionCheck({
  id: 'decoded-body',
  group: 'bodies',
  title: 'hashes the bytes of the body, not the decoded text',
  why: 'Different bytes decode to the same text, so a signature for one body is valid for another. An attacker changes a signed body without the secret.',
  fix: 'Pass the raw bytes to the HMAC: `createHmac("sha256", secret).update(rawBody)`, not `rawBody.toString()`.',
  severity: 'critical',
  requires: ['wrong-secret', 'tampered-body'],
  ifAcknowledged: 'fail',
  requests: async ({ client, events }) => {
    const replaced = events.create('deployment.completed', { data: { commit_message: 'Fix @@' } });
    const marked = events.create('deployment.completed');
    const forge = async (
      what: string,
      signed: string,
      body: Uint8Array,
      eventId: string,
    ): Promise<ForgedRequest> => ({
      what,
      body,
      eventId,
      signature: [await client.sign(signed)],
    });
    return [
      await forge(
        'the byte FF in the place of a signed U+FFFD',
        replaced.json.replace('@@', '\ufffd'),
        insertBytes(replaced.json, [0xff]),
        replaced.id,
      ),
      await forge(
        'a byte order mark that was not signed',
        marked.json,
        Uint8Array.from([0xef, 0xbb, 0xbf, ...encode(marked.json)]),
        marked.id,
      ),
    ];
  },
});

/** The size, the pace and the encoding of bodies. */
export const bodyChecks: readonly Check[] = [
  decodedBody,
  invalidUtf8,
  invalidJson,
  invalidEnvelope,
  largeBody,
  oversizedBody,
  slowBody,
  cutBody,
  unfinishedBody,
];
