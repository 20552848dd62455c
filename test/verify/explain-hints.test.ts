// Messages and hints of rejected requests, word by word, and the limits of their analysis.
import nodeCrypto from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createReceiver,
  signPayload,
  verifyWebhook,
  WebhookError,
  type HeadersLike,
  type ReceiveInput,
  type SecretSource,
} from '../../src/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_hints';
const nowMs = 1_000_000_999;
const seconds = '1000000';
const text = JSON.stringify(sampleEvent('site.created'));
const signature = await signPayload(text, secret);
const digits = signature.slice(7);
const genuine = { 'x-hostwares-signature': signature, 'x-hostwares-timestamp': seconds };

/** Verifies a request that is rejected. Returns the error. */
async function rejection(
  headers: HeadersLike | null,
  body: ReceiveInput['body'] = text,
  source: SecretSource = secret,
): Promise<WebhookError> {
  const rejected: WebhookError[] = [];
  const receiver = createReceiver({
    secret: source,
    now: () => nowMs,
    maxBodyBytes: 100_000,
    onRejected: (error) => rejected.push(error),
  });
  await receiver.receive({ headers, body });
  expect(rejected).toHaveLength(1);
  return rejected[0]!;
}

const anotherSecret =
  'The secret is another endpoint’s or an old one (compare it with Settings → Webhooks), or the body was changed on the way, ' +
  'by something that parses JSON and serialises it again, for example.';
const noSender = 'The request is not from Hostwares, or a proxy removed the header.';
const otherUse =
  'The signature is valid, so the sender has the secret. Is the secret used for anything else?';

async function signed(body: string | Uint8Array): Promise<[HeadersLike, string | Uint8Array]> {
  return [{ ...genuine, 'x-hostwares-signature': await signPayload(body, secret) }, body];
}

describe('the message and the hint', () => {
  it.each<[string, () => Promise<WebhookError>, string, string]>([
    [
      'missing_signature',
      () => rejection({ host: 'a' }),
      'The X-Hostwares-Signature header is missing.',
      noSender,
    ],
    [
      'missing_signature',
      () => rejection(new Headers()),
      'The X-Hostwares-Signature header is missing.',
      noSender,
    ],
    [
      'missing_signature',
      () => rejection({}),
      'The X-Hostwares-Signature header is missing.',
      'No headers were given at all. On AWS (a load balancer with multi-value headers, API Gateway) pass ' +
        'headers: event.multiValueHeaders ?? event.headers.',
    ],
    [
      'missing_timestamp',
      () => rejection({ 'x-hostwares-signature': signature }),
      'The X-Hostwares-Timestamp header is missing.',
      noSender,
    ],
    [
      'malformed_timestamp',
      () => rejection({ ...genuine, 'x-hostwares-timestamp': 'now' }),
      'The X-Hostwares-Timestamp header is not a time in whole Unix seconds, in decimal digits, once.',
      'The header was changed in transit, or it appears more than once.',
    ],
    [
      'malformed_signature',
      () => rejection({ ...genuine, 'x-hostwares-signature': '' }),
      'The X-Hostwares-Signature header is not sha256= and 64 lower-case hex digits, once.',
      'The header is empty.',
    ],
    [
      'signature_mismatch',
      () => rejection(genuine, '{}'),
      'The signature does not match the body and the secret.',
      anotherSecret,
    ],
    ['invalid_utf8', () => signed(Uint8Array.of(0xff)).then((each) => rejection(...each)), 'The body is not valid UTF-8.', otherUse], // prettier-ignore
    [
      'invalid_json',
      () => signed('{').then((each) => rejection(...each)),
      'The body is not valid JSON.',
      otherUse,
    ],
    [
      'body_too_large',
      () => rejection(genuine, new Uint8Array(100_001)),
      'The body has more bytes than maxBodyBytes.',
      'The platform sends far less. If the limit was lowered, raise maxBodyBytes.',
    ],
    [
      'misconfigured',
      () => rejection(genuine, text, () => undefined),
      'The secret function returned no usable secret.',
      'It threw, or returned nothing or a blank value. Is the secret set where this request runs?',
    ],
  ])('of %s name what is wrong and what to do (%#)', async (code, reject, message, hint) => {
    const error = await reject();
    expect([error.code, error.message, error.hint]).toEqual([code, message, hint]);
  });

  it('of invalid_envelope say that the sender has the secret', async () => {
    const error = await rejection(...(await signed('{}')));
    expect([error.code, error.hint]).toEqual(['invalid_envelope', otherUse]);
  });

  it('of body_already_parsed say that the raw body is gone', async () => {
    const { message } = await rejection(genuine, {} as never);
    expect(message).toBe(
      'The raw body is gone: something read or parsed it before the signature was checked.',
    );
  });

  it('keep the message of a body function, and add the hint of its code', async () => {
    const error = await rejection(genuine, () => {
      throw new WebhookError('body_too_large', 'The gateway has a limit.');
    });
    expect(error.message).toBe('The gateway has a limit.');
    expect(error.hint).toMatch(/^The platform sends far less/);
  });
});

describe('the hint for a timestamp outside the tolerance', () => {
  it.each([
    ['999699', "It is 301 s old: a delayed or replayed request, or this machine's clock is fast."],
    ['1000301', "It is 301 s ahead: this machine's clock is slow."],
    ['100000000000', "It is 99999000000 s ahead: this machine's clock is slow."],
    ['100000000001', 'This looks like milliseconds. The header is in seconds.'],
  ])('measures %s against the clock', async (timestamp, hint) => {
    const error = await rejection({ ...genuine, 'x-hostwares-timestamp': timestamp });
    expect(error.code).toBe('timestamp_outside_tolerance');
    expect(error.message).toBe(
      'The X-Hostwares-Timestamp header is too far from the clock (toleranceSeconds).',
    );
    expect(error.hint).toBe(hint);
  });
});

describe('the hint for a malformed signature', () => {
  it.each([
    ['a leading space', ` ${signature}`, /white space around/],
    ['a final line feed', `${signature}\n`, /white space around/],
    ['SHA-1', `SHA1=${'a'.repeat(40)}`, /SHA-1/],
    ['digits only', digits.toUpperCase(), /prefix is missing/],
    ['an upper-case prefix', `SHA256=${digits}`, /must be lower case/],
  ])('names %s', async (_name, value, hint) => {
    const error = await rejection({ ...genuine, 'x-hostwares-signature': value });
    expect([error.code, error.hint]).toEqual(['malformed_signature', expect.stringMatching(hint)]);
  });

  it.each([
    ['a word', 'unknown'],
    ['SHA-1 after a word', `hash sha1=${'a'.repeat(40)}`],
    ['a digit after the digits', `${digits}0`],
    ['a digit before the digits', `0${digits}`],
    ['a digit after a signature', `${signature}0`],
    ['a letter before a signature', `x${signature}`],
    ['an inner space', 'sha256= a'],
  ])('is absent for %s', async (_name, value) => {
    const error = await rejection({ ...genuine, 'x-hostwares-signature': value });
    expect(error.code).toBe('malformed_signature');
    expect('hint' in error).toBe(false);
  });
});

describe('the hint for a compressed body', () => {
  const byte = (...values: number[]) => Uint8Array.from(values);

  it.each([
    ['zstd', byte(0x28, 0xb5, 0x2f, 0xfd), {}],
    ['deflate', byte(0x78, 0x9c), {}],
    ['br', byte(0x41), { 'content-encoding': 'BR' }],
    ['br', byte(0x41), { 'content-encoding': ['br'] }],
  ])('names %s', async (name, body, more) => {
    const { hint } = await rejection({ ...genuine, ...more }, body);
    expect(hint).toContain(`The body is compressed (${name})`);
  });

  it('names the declared encoding of a Headers object', async () => {
    const { hint } = await rejection(new Headers({ ...genuine, 'content-encoding': 'br' }), byte(0x41));
    expect(hint).toContain('The body is compressed (br)');
  });

  it.each<[string, Uint8Array, object]>([
    ['the first byte of gzip only', byte(0x1f, 0x41), {}],
    ['the second byte of gzip only', byte(0x41, 0x8b), {}],
    ['the first byte of deflate with a wrong checksum', byte(0x78, 0x41), {}],
    ['the first byte of zstd only', byte(0x28, 0x41), {}],
    ['the second byte of zstd only', byte(0x41, 0xb5), {}],
    ['a single byte', byte(0x28), {}],
    ['a declared encoding and a space', byte(0x20, 0x41), { 'content-encoding': 'gzip' }],
    ['a declared encoding and a line feed', byte(0x0a, 0x41), { 'content-encoding': 'gzip' }],
    ['a declared encoding and a carriage return', byte(0x0d, 0x41), { 'content-encoding': 'gzip' }],
    ['the encoding identity', byte(0x41), { 'content-encoding': 'identity' }],
    ['two declared encodings', byte(0x41), { 'content-encoding': ['gzip', 'br'] }],
  ])('is absent for %s', async (_name, body, more) => {
    const { hint } = await rejection({ ...genuine, ...more }, body);
    expect(hint).toMatch(/another endpoint|not UTF-8|newline/);
  });
});

describe('the hint for a body of a wrong length', () => {
  const cut = (length: string | string[]) => rejection({ ...genuine, 'content-length': length }, '{"a"');

  it('compares the length with Content-Length', async () => {
    const hint =
      'Content-Length says 5 bytes, but the body has 4: ' +
      'it was truncated, padded or decompressed in transit, or the connection broke or was too slow.';
    expect((await cut('5')).hint).toBe(hint);
    expect((await cut(['5'])).hint).toBe(hint);
    const headers = new Headers({ ...genuine, 'content-length': '5' });
    expect((await rejection(headers, '{"a"')).hint).toBe(hint);
  });

  it.each([['4'], ['5x'], ['x5'], [''], [['5', '6']]])('is absent for Content-Length %j', async (length) => {
    expect((await cut(length)).hint).toBe(anotherSecret);
  });
});

describe('the hint for an encoded body', () => {
  it.each([
    ['UTF-16, big endian, with a byte order mark', Buffer.from('\uFEFF{}', 'utf16le').swap16(), /UTF-16/],
    ['base64', 'eyJ', /base64/],
    ['eya, which is no JSON in base64', 'eya', /another endpoint/],
    ['eaJ, which is no JSON in base64', 'eaJ', /another endpoint/],
    ['ayJ, which is no JSON in base64', 'ayJ', /another endpoint/],
    ['aaJ, which is no JSON in base64', 'aaJ', /another endpoint/],
    ['eaa, which is no JSON in base64', 'eaa', /another endpoint/],
    ['aya, which is no JSON in base64', 'aya', /another endpoint/],
  ])('is right for %s', async (_name, body, hint) => {
    expect((await rejection(genuine, body)).hint).toMatch(hint);
  });
});

describe('the hint for JSON that was changed after it was signed', () => {
  const newline = /^Line endings or a final newline were changed/;
  const reserialised =
    'The JSON was parsed and serialised again. Verify the raw bytes, before any body parser.';
  const nest = (depth: number, open: string, close: string, space: string) =>
    (open + space).repeat(depth) + '1' + close.repeat(depth);

  it('names a final newline that was removed', async () => {
    const [headers] = await signed(`${text}\n`);
    expect((await rejection(headers, text)).hint).toMatch(newline);
  });

  it('does not take a leading space for a byte order mark', async () => {
    expect((await rejection(genuine, ` ${text}`)).hint).toBe(reserialised);
  });

  it.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('names serialisation up to a depth of 32 levels of %s', async (open, close) => {
    for (const [depth, hint] of [
      [32, reserialised],
      [33, anotherSecret],
    ] as const) {
      const [headers] = await signed(nest(depth, open, close, ''));
      expect((await rejection(headers, nest(depth, open, close, ' '))).hint).toBe(hint);
    }
  });

  it.each(['[]', '{}', '[{}]', '{"a":[]}'])('counts no depth for 100 siblings %s', async (sibling) => {
    const siblings = Array.from({ length: 100 }, () => sibling);
    const [headers] = await signed(`[${siblings.join(',')}]`);
    expect((await rejection(headers, `[${siblings.join(', ')}]`)).hint).toBe(reserialised);
  });

  it('names indented JSON whose long text was left as it is', async () => {
    const value = { a: 'x'.repeat(60_000) };
    const [headers] = await signed(JSON.stringify(value, null, 2));
    expect((await rejection(headers, JSON.stringify(value))).hint).toBe(reserialised);
  });

  it('names characters that Windows-1252 has in place of control characters', async () => {
    const curly = JSON.stringify({ a: '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ é' });
    const [headers] = await signed(curly);
    const decoded = new TextDecoder('windows-1252').decode(new TextEncoder().encode(curly));
    expect((await rejection(headers, decoded)).hint).toMatch(/UTF-8 was read as Latin-1/);
  });

  it('is looked for in bodies of up to 65536 bytes', async () => {
    const filled = (length: number) => JSON.stringify('x'.repeat(length - 2));
    for (const [length, hint] of [
      [65_536, newline],
      [65_537, /another endpoint/],
    ] as const) {
      const body = `${filled(length - 1)}\n`;
      expect(body).toHaveLength(length);
      const [headers] = await signed(filled(length - 1));
      expect((await rejection(headers, body)).hint).toMatch(hint);
    }
  });
});

describe('the hint for a secret with white space or quotes around it', () => {
  const quoted = /white space or quotes around it/;
  it.each<[string, SecretSource, RegExp]>([
    ['a leading space', ' whsec_a', quoted],
    ['a final newline', 'whsec_a\n', quoted],
    ['a leading backtick', '`whsec_a', quoted],
    ["a final '", "whsec_a'", quoted],
    ['quotes around one of two secrets', ['whsec_a', '"whsec_b"'], quoted],
    ['an inner space and an inner quote', 'whsec_a b"c', /another endpoint/],
    ['the byte of a space', Uint8Array.of(32), /another endpoint/],
  ])('is given for %s only if it is at an end of a text', async (_name, source, hint) => {
    expect((await rejection(genuine, text, source)).hint).toMatch(hint);
  });
});

describe('the limits of the analysis', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('are 20 small bodies at once, and one more after a quarter of a second', async () => {
    const hints: string[] = [];
    let clockMs = nowMs;
    const receiver = createReceiver({
      secret,
      now: () => clockMs,
      onRejected: ({ hint }) => hints.push(String(hint)),
    });
    for (let count = 0; count < 21; count += 1) await receiver.receive({ headers: genuine, body: '{}' });
    clockMs += 250;
    for (let count = 0; count < 2; count += 1) await receiver.receive({ headers: genuine, body: '{}' });
    const isAnalysed = hints.map((hint) => !hint.startsWith('Not analysed'));
    expect(isAnalysed).toEqual([...Array.from({ length: 20 }, () => true), false, true, false]);
  });

  it.each([
    ['commas', '['.repeat(30) + '1,'.repeat(32_000) + '1' + ']'.repeat(30)],
    ['empty lists', '['.repeat(30) + '[],'.repeat(21_000) + '1' + ']'.repeat(30)],
    ['empty objects', '['.repeat(30) + '{},'.repeat(21_000) + '1' + ']'.repeat(30)],
  ])('prevent an indented form of over 256 Ki characters: %s', async (_name, body) => {
    const stringify = vi.spyOn(JSON, 'stringify');
    expect((await rejection(genuine, body)).hint).toBe(anotherSecret);
    expect(stringify.mock.calls.filter((call) => call.length > 1)).toEqual([]);
  });

  it('prevent the hash of a form of over 256 Ki bytes', async () => {
    let largest = 0;
    const createHmac = nodeCrypto.createHmac.bind(nodeCrypto);
    vi.spyOn(nodeCrypto, 'createHmac').mockImplementation((...args) => {
      const hmac = createHmac(...args);
      const update = hmac.update.bind(hmac);
      hmac.update = ((data: Uint8Array) => {
        largest = Math.max(largest, data.length);
        return update(data);
      }) as typeof hmac.update;
      return hmac;
    });
    await rejection(genuine, `[${'1e20,'.repeat(13_000)}1]`);
    expect(largest).toBeLessThanOrEqual(262_144);
  });
});

it('verifyWebhook rejects with the same message and hint as a receiver reports', async () => {
  const request = { headers: genuine, body: '{}' };
  await expect(verifyWebhook(request, { secret, now: () => nowMs })).rejects.toMatchObject({
    message: 'The signature does not match the body and the secret.',
    hint: anotherSecret,
  });
});
