import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReceiver, eventTypes, signatureMatches, verifyWebhook } from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_of_signed_requests';
const bytesOf = async (request: Request) => new Uint8Array(await request.arrayBuffer());
const encode = (text: string) => new TextEncoder().encode(text);

describe('createSignedRequest', () => {
  it.each([...eventTypes, 'ping', 'later.version'])('%s: the receiver accepts the body', async (type) => {
    const event = await verifyWebhook(await createSignedRequest(type, { secret }), { secret });
    expect(event.event === 'unknown' ? event.type : event.event).toBe(type);
  });

  it.each([...eventTypes, 'ping', 'later.version'])(
    '%s: the signature does not match a body that was parsed and serialized again',
    async (type) => {
      const request = await createSignedRequest(type, { secret });
      const signature = request.headers.get('x-hostwares-signature')!;
      const text = await request.text();
      expect(await signatureMatches(text, signature, secret)).toBe(true);
      for (const indent of [undefined, 1, 2, 3, 4, '\t']) {
        const again = JSON.stringify(JSON.parse(text), null, indent);
        for (const body of [again, `${again}\n`, again.replaceAll(/([:,])/g, '$1 ')])
          expect(await signatureMatches(body, signature, secret)).toBe(false);
      }
      for (const body of [text.trim(), text.replaceAll(/\s+/g, ' '), text.replaceAll('\\/', '/')])
        if (body !== text) expect(await signatureMatches(body, signature, secret)).toBe(false);
    },
  );

  it('makes a receiver reject a request whose parsed body is serialized again', async () => {
    const receiver = createReceiver({ secret });
    const request = await createSignedRequest('deployment.completed', { secret });
    const body = JSON.stringify(await request.json());
    const { status } = await receiver.receive({ headers: request.headers, body });
    expect(status).toBe(401);
  });

  it('writes escapes, other forms of numbers and white space', async () => {
    const data = {
      balance: 42.5,
      limit: 100,
      percent_remaining: 18,
      big: 1e21,
      url: 'https://a/b',
      quote: '"\n',
    };
    const event = sampleEvent('credits.low', { data });
    const text = await (await createSignedRequest(event, { secret })).text();
    for (const form of ['42.50', '1e2', '18.0', '1E+21', 'a\\/b', '\\u', '\n\t'])
      expect(text).toContain(form);
    expect(JSON.parse(text)).toEqual(event);
    expect(text.startsWith('{"')).toBe(true);
  });

  it('writes the same bytes for the same event', async () => {
    const event = sampleEvent('alert.triggered');
    const [first, second] = [
      await createSignedRequest(event, { secret }),
      await createSignedRequest(event, { secret }),
    ];
    expect(await bytesOf(first)).toEqual(await bytesOf(second));
    expect(first.headers.get('x-hostwares-signature')).toBe(second.headers.get('x-hostwares-signature'));
  });

  it('keeps a key named __proto__', async () => {
    const event = sampleEvent('credits.low', {
      data: JSON.parse('{"__proto__":{"a":"/"},"balance":1}') as object,
    });
    const text = await (await createSignedRequest(event, { secret })).text();
    expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(event));
  });

  // No keys of one character: Node 24 parses `{"\u0000":1}` as `{"\\":1}` after it has parsed an object with the key `"\\"`.
  it('keeps every value, lone surrogates included', async () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 1 }),
        fc.constantFrom('\ud83d', '\ude00', '/', '"', '\\', '\0'),
      ),
    });
    const hasKeyOfOneCharacter = (value: unknown) =>
      /"(?:[^"\\]|\\(?:u.{4}|.))":/.test(JSON.stringify(value));
    const values = fc
      .dictionary(
        fc.oneof(text, fc.constantFrom('constructor', '7')),
        fc.oneof(text, fc.jsonValue(), fc.double()),
      )
      .filter((value) => !hasKeyOfOneCharacter(value));
    await fc.assert(
      fc.asyncProperty(values, async (given) => {
        const plain = { ...sampleEvent('credits.low'), data: given } as never;
        const request = await createSignedRequest(plain, { secret });
        const bytes = await bytesOf(request);
        // Through UTF-8 and back, as on the wire.
        const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
        const text = JSON.stringify(plain);
        expect(parsed).toEqual(JSON.parse(text));
        expect(bytes).not.toEqual(encode(text));
      }),
      { numRuns: 500 },
    );
  });

  it('adds less than 4 kB to a large event', async () => {
    for (const data of [
      { limit: 1, note: 'x'.repeat(250_000) },
      { limit: 1, list: Array.from({ length: 50_000 }, () => 1) },
    ]) {
      const event = sampleEvent('credits.low', { data });
      const bytes = await bytesOf(await createSignedRequest(event, { secret }));
      const plain = encode(JSON.stringify(event));
      expect(bytes.length).toBeGreaterThan(plain.length);
      expect(bytes.length - plain.length).toBeLessThan(8_192);
    }
  });
});
