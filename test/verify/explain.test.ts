// The hints for rejected requests, and the cost of finding them.
import crypto from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createReceiver,
  signPayload,
  verifyWebhook,
  type ReceiveInput,
  type ReceiverOptions,
  type WebhookError,
} from '../../src/index.js';
import { identifyHost } from '../../src/verify/hosts.js';
import { createVirtualClock, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_explained';
const nowMs = 1_000_000_000;
const text = JSON.stringify(
  sampleEvent('deployment.failed', { data: { error: 'Größe „zu groß“ – 5 €, niño' } as never }),
);

/** A receiver whose rejections are kept. */
function createTold(options: Partial<ReceiverOptions> = {}) {
  const told: WebhookError[] = [];
  const receiver = createReceiver({
    secret,
    now: () => nowMs,
    onRejected: (error) => told.push(error),
    ...options,
  });
  return { receiver, told };
}

/** Returns the hint for a body that arrives instead of the signed one. */
async function hintFor(body: Uint8Array | string, headers = {}, signed: string | Uint8Array = text) {
  const { receiver, told } = createTold();
  const result = await receiver.receive({
    headers: {
      'x-hostwares-signature': await signPayload(signed, secret),
      'x-hostwares-timestamp': String(nowMs / 1000),
      ...headers,
    },
    body,
  });
  expect(result.status).toBe(401);
  return told[0]?.hint;
}

describe('the hint for a body that a host or proxy has changed', () => {
  const latin1Text = JSON.stringify(
    sampleEvent('site.created', { data: { site_name: 'Grüße, niño' } as never }),
  );

  it.each([
    ['gzip', gzipSync(text), {}, /compressed \(gzip\)/],
    ['deflate', deflateSync(text), {}, /compressed \(deflate\)/],
    ['Brotli', brotliCompressSync(text), { 'content-encoding': 'br' }, /compressed \(br\)/],
    ['UTF-16', Buffer.from(text, 'utf16le'), {}, /UTF-16/],
    ['UTF-16 with a byte order mark', Buffer.from(`\uFEFF${text}`, 'utf16le'), {}, /UTF-16/],
    ['UTF-16, big endian', Buffer.from(text, 'utf16le').swap16(), {}, /UTF-16/],
    ['UTF-8 read as Latin-1', Buffer.from(text).toString('latin1'), {}, /UTF-8 was read as Latin-1/],
    [
      'UTF-8 read as Windows-1252',
      new TextDecoder('windows-1252').decode(Buffer.from(text)),
      {},
      /UTF-8 was read as Latin-1/,
    ],
    [
      'UTF-8 read as ASCII',
      Buffer.from(text)
        .toString('latin1')
        .replace(/[\x80-\xFF]/g, '\uFFFD'),
      {},
      /not UTF-8/,
    ],
    ['no change of charset but another secret', text.replace('„', '"'), {}, /secret is another/],
  ])('names %s', async (_name, body, headers, hint) => {
    expect(await hintFor(body, headers)).toMatch(hint);
  });

  it('names a conversion to Latin-1', async () => {
    const body = Buffer.from(latin1Text, 'latin1');
    expect(await hintFor(body, {}, latin1Text)).toMatch(/converted to Latin-1/);
  });

  it('does not name compression if the body was decompressed but its Content-Encoding was kept', async () => {
    const hint = await hintFor(`${text}\n`, { 'content-encoding': 'gzip' });
    expect(hint).toMatch(/final newline/);
  });

  it('names an empty body, and the host that may have read it', async () => {
    expect(await hintFor('', { 'content-length': '500' })).toMatch(/empty or absent.*read it before/);
    expect(await hintFor('', { 'content-length': '0' })).toMatch(/has no body/);
  });

  it('never contains the secret or a signature', async () => {
    const digits = (await signPayload(text, secret)).slice(7);
    for (const body of [gzipSync(text), Buffer.from(text, 'utf16le'), `${text}\n`, '']) {
      const hint = String(await hintFor(body));
      expect(hint).not.toContain(secret);
      expect(hint).not.toContain(digits);
    }
  });
});

describe('the hint for a request without headers', () => {
  it.each([undefined, null, {}])('names the multi-value headers of AWS for %s', async (headers) => {
    const { receiver, told } = createTold();
    expect((await receiver.receive({ headers, body: text })).status).toBe(401);
    expect(told[0]).toMatchObject({
      code: 'missing_signature',
      hint: expect.stringContaining('multiValueHeaders') as string,
    });
    await expect(verifyWebhook({ headers, body: text }, { secret })).rejects.toMatchObject({
      code: 'missing_signature',
    });
  });

  it('does not name AWS if the request has other headers', async () => {
    const { receiver, told } = createTold();
    await receiver.receive({ headers: { 'user-agent': 'scanner' }, body: '' });
    expect(told[0]?.hint).not.toMatch(/multiValueHeaders/);
  });
});

describe('the hint for a parsed body', () => {
  /** Objects with the properties that identify hosts. The real objects are tested in test/frameworks. */
  const contexts: [string, object, RegExp][] = [
    [
      'express',
      { headers: {}, on: () => 0, app: () => 0, res: {}, baseUrl: '' },
      /express\.raw\(.*limit: "1mb"/,
    ],
    ['fastify', { raw: {}, routeOptions: {}, headers: {} }, /addContentTypeParser/],
    ['hono', { req: {}, var: {}, executionCtx: {} }, /c\.req\.json\(\)/],
    ['koa', { req: {}, res: {}, request: {}, response: {}, app: {} }, /disableBodyParser/],
    ['nextPages', { headers: {}, on: () => 0, previewData: {}, query: {} }, /bodyParser: false/],
    ['elysia', { request: {}, set: {}, store: {} }, /parse: 'none'/],
    ['azure', { bufferBody: {}, headers: {} }, /bufferBody/],
    ['lambda', { requestContext: {}, headers: {} }, /isBase64Encoded/],
    ['h3', { node: {}, context: {} }, /readBody/],
    ['node', { headers: {}, on: () => 0 }, /koa-bodyparser/],
  ];

  it.each(contexts)('is specific to %s', async (host, adapterContext, hint) => {
    expect(identifyHost(adapterContext)).toBe(host);
    const { receiver, told } = createTold();
    const { status } = await receiver.receive({
      headers: {
        'x-hostwares-signature': await signPayload(text, secret),
        'x-hostwares-timestamp': `${nowMs / 1000}`,
      },
      body: JSON.parse(text) as never,
      adapterContext,
    });
    expect([status, told[0]?.code]).toEqual([500, 'body_already_parsed']);
    expect(told[0]?.hint).toMatch(hint);
  });

  it('is general if the host is unknown, and no property of the context is read', async () => {
    const { receiver, told } = createTold();
    const hostile = new Proxy({}, { get: () => { throw new Error('getter'); } }); // prettier-ignore
    for (const adapterContext of [undefined, null, 5, hostile]) {
      await receiver.receive({
        headers: {
          'x-hostwares-signature': await signPayload(text, secret),
          'x-hostwares-timestamp': `${nowMs / 1000}`,
        },
        body: {} as never,
        adapterContext,
      });
    }
    expect(told).toHaveLength(4);
    for (const { hint } of told) expect(hint).toMatch(/raw body/);
  });
});

describe('the cost of an explanation', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const size = 65_536;
  const nested = (inner: string) => {
    const room = size - 62;
    return '['.repeat(31) + inner.repeat(Math.floor((room - 1) / inner.length)) + '1' + ']'.repeat(31);
  };
  const crafted: [string, string][] = [
    ['no JSON', 'x'.repeat(size)],
    ['nested brackets', nested('1,')],
    ['nested empty lists', nested('[],')],
    ['line endings', '\r\n'.repeat(size / 2)],
    ['numbers that grow', `[${'1e20,'.repeat(13_000)}1]`],
    ['characters that grow', `{"a":"${'ÿ'.repeat(32_000)}"}`],
    ['small', '{"id":1}'],
    ['above the size that is analysed', 'y'.repeat(4 * size)],
  ];

  /** Counts the bytes that are hashed while something runs. */
  async function hashedBytes(act: () => Promise<unknown>): Promise<number> {
    let bytes = 0;
    const createHmac = crypto.createHmac.bind(crypto);
    vi.spyOn(crypto, 'createHmac').mockImplementation((...args) => {
      const hmac = createHmac(...args);
      const update = hmac.update.bind(hmac);
      hmac.update = ((data: Uint8Array) => {
        bytes += data.length;
        return update(data);
      }) as typeof hmac.update;
      return hmac;
    });
    await act();
    vi.restoreAllMocks();
    return bytes;
  }
  const forged = (body: string): ReceiveInput => ({
    headers: {
      'x-hostwares-signature': `sha256=${'0'.repeat(64)}`,
      'x-hostwares-timestamp': String(nowMs / 1000),
    },
    body: Buffer.from(body),
  });

  it.each(crafted)('is at most that of the verification at 100 forgeries a second: %s', async (_n, body) => {
    const clock = createVirtualClock(nowMs);
    const { receiver } = createTold({ now: () => clock.now(), toleranceSeconds: false });
    const hashed = await hashedBytes(async () => {
      for (let count = 0; count < 500; count += 1) {
        clock.advance(10);
        await receiver.receive(forged(body));
      }
    });
    const verified = 500 * Buffer.byteLength(body);
    expect(hashed).toBeGreaterThanOrEqual(verified);
    // A small body costs little at any rate, and more of them are analysed.
    expect(hashed / verified).toBeLessThan(body.length < 1000 ? 3 : 2);
  });

  it.each(crafted)('is bounded for a single forgery: %s', async (_name, body) => {
    const { receiver } = createTold();
    const hashed = await hashedBytes(() => receiver.receive(forged(body)));
    expect(hashed).toBeLessThan(16 * size);
  });

  it('skips the analysis if too many requests are rejected, and resumes a second later', async () => {
    const clock = createVirtualClock(nowMs);
    const { receiver, told } = createTold({ now: () => clock.now(), toleranceSeconds: false });
    for (let count = 0; count < 30; count += 1) await receiver.receive(forged('{"id":1}'));
    expect(told[0]?.hint).toMatch(/secret is another/);
    expect(told[29]?.hint).toMatch(/[Nn]ot analysed: too many/);
    clock.advance(1000);
    await receiver.receive(forged('{"id":1}'));
    expect(told[30]?.hint).toMatch(/secret is another/);
  });

  it('is limited per receiver, and hints without analysis need no budget', async () => {
    const busy = createTold();
    for (let count = 0; count < 30; count += 1) await busy.receiver.receive(forged('{"id":1}'));
    const quiet = createTold();
    await quiet.receiver.receive(forged('{"id":1}'));
    expect(quiet.told[0]?.hint).toMatch(/secret is another/);
    await busy.receiver.receive({ ...forged(''), body: gzipSync('{}') });
    expect(busy.told.at(-1)?.hint).toMatch(/compressed/);
  });

  it('is limited for all calls of verifyWebhook together', async () => {
    const hints: (string | undefined)[] = [];
    for (let count = 0; count < 30; count += 1) {
      await verifyWebhook(forged('{"id":1}') as never, {
        secret,
        toleranceSeconds: false,
        now: () => nowMs,
      }).catch((error: unknown) => hints.push((error as WebhookError).hint));
    }
    expect(hints[29]).toMatch(/[Nn]ot analysed: too many/);
  });
});
