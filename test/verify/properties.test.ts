import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createReceiver,
  isWebhookError,
  parseEvent,
  signatureMatches,
  verifyWebhook,
  type WebhookErrorCode,
} from '../../src/index.js';
import { sampleEvent } from '../../src/testing/index.js';
import { countFor } from '../support/long.js';

/**
 * The number of mutated requests per property. All together are over 100,000; PROPERTY_RUNS shortens the run.
 */
const runs = countFor('PROPERTY_RUNS', { short: 4_000, long: 40_000 });
const secret = 'whsec_properties';
const nowMs = Date.UTC(2026, 0, 31, 8);
const seconds = nowMs / 1000;
const genuine = Buffer.from(
  JSON.stringify(
    sampleEvent('deployment.completed', {
      timestamp: new Date(nowMs).toISOString(),
      data: { site_name: 'Grüße \uFFFD ✓ 😀', commit_message: 'a\u2028b\n\t"\\' },
    }),
  ),
);
const signature = `sha256=${createHmac('sha256', secret).update(genuine).digest('hex')}`;
const headers = { 'x-hostwares-signature': signature, 'x-hostwares-timestamp': String(seconds) };
const options = { secret, now: () => nowMs };

/** A request that differs from the genuine one in the signed bytes or in the form of a header. */
interface Mutant {
  body: Uint8Array;
  headers: Record<string, string | string[] | undefined>;
}

const index = fc.nat(genuine.length - 1);

const changedBody: fc.Arbitrary<Uint8Array> = fc
  .oneof(
    fc.tuple(index, fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
      const body = Uint8Array.from(genuine);
      body[at] = body[at]! ^ mask;
      return body;
    }),
    index.map((length) => genuine.subarray(0, length)),
    fc
      .tuple(index, fc.uint8Array({ minLength: 1, maxLength: 5 }))
      .map(([at, bytes]) => Buffer.concat([genuine.subarray(0, at), bytes, genuine.subarray(at)])),
    fc
      .tuple(index, fc.integer({ min: 1, max: 9 }))
      .map(([at, count]) => Buffer.concat([genuine.subarray(0, at), genuine.subarray(at + count)])),
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.constantFrom(
      Buffer.from(genuine.toString('latin1')),
      Buffer.from(genuine.toString(), 'utf16le'),
      Buffer.from(genuine.toString('base64')),
      Buffer.from(genuine.toString('hex')),
      Buffer.from(`\uFEFF${genuine.toString()}`),
      Buffer.from(JSON.stringify(JSON.parse(genuine.toString()), null, 1)),
      Buffer.from(genuine.toString().replaceAll('✓', '\\u2713')),
      Buffer.concat([genuine, genuine]),
      Buffer.from(genuine.toString().normalize('NFD')),
      // JSON that parses may still be too deep to be serialised.
      Buffer.from('['.repeat(9_000) + ']'.repeat(9_000)),
      Buffer.from('{"a":'.repeat(9_000) + '1' + '}'.repeat(9_000)),
    ),
  )
  .filter((body) => Buffer.compare(body, genuine) !== 0);

const changedText = (text: string) =>
  fc
    .oneof(
      fc
        .tuple(fc.nat(text.length - 1), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
        .map(([at, c]) => text.slice(0, at) + c + text.slice(at + 1)),
      fc
        .tuple(fc.nat(text.length), fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }))
        .map(([at, c]) => text.slice(0, at) + c + text.slice(at)),
      fc.nat(text.length - 1).map((length) => text.slice(0, length)),
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.constantFrom(
        text.toUpperCase(),
        ` ${text}`,
        `${text} `,
        `${text}\n`,
        `\t${text}`,
        `${text},`,
        `${text}, ${text}`,
        `"${text}"`,
        `${text}\0`,
        text.normalize('NFKD') + '\u0301',
      ),
    )
    .filter((changed) => changed !== text);

const changedSignature = changedText(signature);
/** Excludes well-formed times within the tolerance, which are valid because the timestamp is not signed. */
const changedTimestamp = changedText(String(seconds)).filter(
  (text) => !(/^[1-9]\d*$/.test(text) && Math.abs(Number(text) - seconds) <= 300),
);

const mutant: fc.Arbitrary<Mutant> = fc.oneof(
  changedBody.map((body) => ({ body, headers })),
  changedSignature.map((text) => ({ body: genuine, headers: { ...headers, 'x-hostwares-signature': text } })),
  changedTimestamp.map((text) => ({ body: genuine, headers: { ...headers, 'x-hostwares-timestamp': text } })),
  fc.constantFrom(...Object.keys(headers)).chain((name) =>
    fc.constantFrom<Mutant>(
      { body: genuine, headers: { ...headers, [name]: undefined } },
      { body: genuine, headers: { ...headers, [name]: [] } },
      { body: genuine, headers: { ...headers, [name]: [signature, signature] } },
      {
        body: genuine,
        headers: { ...headers, [name.toUpperCase()]: headers[name as keyof typeof headers] },
      },
    ),
  ),
);

const refusals = new Set<WebhookErrorCode>([
  'missing_signature',
  'malformed_signature',
  'signature_mismatch',
  'missing_timestamp',
  'malformed_timestamp',
  'timestamp_outside_tolerance',
]);

describe('mutated requests', () => {
  const unhandled = vi.fn();
  beforeAll(() => {
    process.on('unhandledRejection', unhandled);
    return () => {
      process.off('unhandledRejection', unhandled);
      expect(unhandled).not.toHaveBeenCalled();
    };
  });

  it('start from a genuine request that passes', async () => {
    expect(await verifyWebhook({ body: genuine, headers }, options)).toMatchObject({
      event: 'deployment.completed',
    });
  });

  it(
    `are rejected by verifyWebhook with a WebhookError of status 401 (${runs} runs)`,
    { timeout: 300_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(mutant, async (request) => {
          const outcome: unknown = await verifyWebhook(request, options).catch((error: unknown) => error);
          expect(
            isWebhookError(outcome) && refusals.has(outcome.code) && outcome.status === 401,
            String(outcome),
          ).toBe(true);
        }),
        { numRuns: runs },
      );
    },
  );

  it(
    `are rejected by receive with a 4xx, and no handler runs (${runs} runs)`,
    { timeout: 300_000 },
    async () => {
      const handler = vi.fn();
      const receiver = createReceiver(options).onAny(handler);
      await fc.assert(
        fc.asyncProperty(mutant, async (request) => {
          const { status } = await receiver.receive(request);
          expect(status).toBeGreaterThanOrEqual(400);
          expect(status).toBeLessThan(500);
        }),
        { numRuns: runs },
      );
      expect(handler).not.toHaveBeenCalled();
    },
  );

  it(`are rejected by handle with a 4xx (${runs} runs)`, { timeout: 300_000 }, async () => {
    const receiver = createReceiver(options);
    await fc.assert(
      fc.asyncProperty(mutant, async ({ body, headers: changed }) => {
        let request: Request;
        try {
          const pairs = Object.entries(changed).flatMap(([name, value]) =>
            [value ?? []].flat().map((each): [string, string] => [name, each]),
          );
          request = new Request('http://localhost/', {
            method: 'POST',
            headers: pairs,
            body: Uint8Array.from(body),
          });
        } catch {
          return; // Bytes that no header may contain.
        }
        // Headers trims white space as every HTTP parser does: what is left may be the genuine request.
        const isGenuine =
          Buffer.compare(body, genuine) === 0 &&
          request.headers.get('x-hostwares-signature') === signature &&
          request.headers.get('x-hostwares-timestamp') === String(seconds);
        const { status } = await receiver.handle(request);
        expect(isGenuine ? [200] : [400, 401]).toContain(status);
      }),
      { numRuns: runs },
    );
  });

  it('are rejected if any one byte of the body has changed', { timeout: 300_000 }, async () => {
    const places = Array.from({ length: genuine.length }, (_, at) => at);
    for (const at of places) {
      for (const value of [
        0,
        0x20,
        0x22,
        0x7b,
        0x80,
        0xc0,
        0xff,
        genuine[at]! ^ 1,
        genuine[at]! ^ 0x20,
        genuine[at]! ^ 0x80,
      ]) {
        if (value === genuine[at]) continue;
        const body = Uint8Array.from(genuine);
        body[at] = value;
        await expect(verifyWebhook({ body, headers }, options)).rejects.toMatchObject({
          code: 'signature_mismatch',
        });
      }
    }
  });
});

it(
  'signatureMatches never throws, and is false for every body that was not signed',
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.anything(), fc.uint8Array()),
        fc.oneof(fc.anything(), changedSignature),
        async (body, given) => {
          expect(await signatureMatches(body as string, given as string, secret)).toBe(false);
        },
      ),
      { numRuns: Math.min(runs, 10_000) },
    );
  },
);

describe('parseEvent', () => {
  it('returns an event or throws a WebhookError for any input', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json(), fc.string({ unit: 'binary' })), (body) => {
        try {
          expect(parseEvent(body)).toHaveProperty('event');
        } catch (error) {
          expect(isWebhookError(error) && error.status === 400, String(error)).toBe(true);
        }
      }),
      { numRuns: Math.min(runs, 20_000) },
    );
  });

  it('keeps every field of a known event and of its data', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (extra, data) => {
          const event = {
            ...extra,
            id: 'a',
            event: 'site.created',
            timestamp: '2026-01-31T08:00:00Z',
            account_id: 'b',
            data,
          };
          const text = JSON.stringify(event);
          expect(JSON.stringify(parseEvent(text))).toBe(text);
        },
      ),
    );
  });

  it('accepts a timestamp only if its date exists in the calendar', () => {
    const part = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(
        part(13),
        part(32),
        part(25),
        part(61),
        part(61),
        part(2400),
        (month, day, hour, minute, second, year) => {
          const two = (value: number) => String(value).padStart(2, '0');
          const date = `${String(year + 1000)}-${two(month)}-${two(day)}`;
          const timestamp = `${date}T${two(hour)}:${two(minute)}:${two(second)}.000Z`;
          const exists =
            new Date(timestamp).getTime() >= -1e15 && new Date(timestamp).toISOString() === timestamp;
          const body = JSON.stringify({ id: 'a', event: 'ping', timestamp, account_id: 'b', data: {} });
          const outcome = (() => {
            try {
              return parseEvent(body).timestamp === timestamp;
            } catch {
              return false;
            }
          })();
          expect(outcome).toBe(exists);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
