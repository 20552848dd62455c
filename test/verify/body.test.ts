// Limits and forms of a body: the declared length, the counted stream, and the bytes that a host passes.
import nodeCrypto from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createReceiver, signPayload, verifyWebhook, type RawRequest } from '../../src/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_body';
// More bytes than characters, so that a limit in characters is too generous.
const text = JSON.stringify(sampleEvent('site.created', { data: { site_name: 'Grüße ✓' } }));
const bytes = new TextEncoder().encode(text);
const headers = {
  'x-hostwares-signature': await signPayload(bytes, secret),
  'x-hostwares-timestamp': '1000',
};
const now = () => 1_000_000;

function streamOf(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

function requestOf(body: BodyInit, more: Record<string, string> = {}): Request {
  const init = { method: 'POST', headers: { ...headers, ...more }, body, duplex: 'half' };
  return new Request('http://localhost/', init as RequestInit);
}

const halves = () => streamOf(bytes.slice(0, 50), bytes.slice(50));

describe('maxBodyBytes', () => {
  const forms: [string, () => Request | RawRequest][] = [
    ['the declared length', () => requestOf(halves(), { 'content-length': String(bytes.length) })],
    ['the counted length of a single chunk', () => requestOf(streamOf(bytes))],
    ['the counted length of several chunks', () => requestOf(halves())],
    ['the length of bytes', () => ({ headers, body: bytes })],
    ['the length of an ArrayBuffer', () => ({ headers, body: bytes.slice().buffer })],
    ['the length of text in UTF-8', () => ({ headers, body: text })],
  ];

  it.each(forms)('accepts a body if %s is the limit exactly', async (_name, request) => {
    const event = await verifyWebhook(request(), { secret, now, maxBodyBytes: bytes.length });
    expect(event).toEqual(JSON.parse(text));
  });

  it.each(forms)('rejects a body if %s is one byte above the limit', async (_name, request) => {
    await expect(
      verifyWebhook(request(), { secret, now, maxBodyBytes: bytes.length - 1 }),
    ).rejects.toMatchObject({ code: 'body_too_large', status: 413 });
  });

  it('is 1 MiB by default', async () => {
    const body = (length: number) => ({ headers, body: new Uint8Array(length) });
    await expect(verifyWebhook(body(1_048_576), { secret, now })).rejects.toMatchObject({
      code: 'signature_mismatch',
    });
    await expect(verifyWebhook(body(1_048_577), { secret, now })).rejects.toMatchObject({
      code: 'body_too_large',
    });
  });

  it('rejects a body by its declared length without reading it', async () => {
    const pull = vi.fn();
    const unread = new ReadableStream({ pull }, { highWaterMark: 0 });
    const request = requestOf(unread, { 'content-length': String(bytes.length + 1) });
    await expect(verifyWebhook(request, { secret, now, maxBodyBytes: bytes.length })).rejects.toMatchObject({
      code: 'body_too_large',
    });
    expect(pull).not.toHaveBeenCalled();
  });

  it('cancels the stream of a body that exceeds it', async () => {
    const cancel = vi.fn();
    const endless = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(100));
      },
      cancel,
    });
    await expect(
      verifyWebhook(requestOf(endless), { secret, now, maxBodyBytes: 1_000 }),
    ).rejects.toMatchObject({ code: 'body_too_large' });
    expect(cancel).toHaveBeenCalledOnce();
  });

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, '1000'])(
    'is rejected at set-up if it is %j',
    (maxBodyBytes) => {
      expect(() => createReceiver({ secret, maxBodyBytes: maxBodyBytes as number })).toThrow(
        /maxBodyBytes must be an integer above 0/,
      );
    },
  );
});

describe('a body in many chunks', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Returns the size of the memory in which the body was hashed. */
  async function bufferedBytes(maxBodyBytes: number): Promise<number> {
    let size = 0;
    const createHmac = nodeCrypto.createHmac.bind(nodeCrypto);
    vi.spyOn(nodeCrypto, 'createHmac').mockImplementation((...args) => {
      const hmac = createHmac(...args);
      const update = hmac.update.bind(hmac);
      hmac.update = ((data: Uint8Array) => {
        size = data.buffer.byteLength;
        return update(data);
      }) as typeof hmac.update;
      return hmac;
    });
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    await verifyWebhook(requestOf(streamOf(...single)), { secret, now, maxBodyBytes });
    return size;
  }

  it('takes at most twice its size in memory', async () => {
    expect(await bufferedBytes(1_000_000)).toBeLessThanOrEqual(2 * bytes.length);
  });

  it('takes at most maxBodyBytes in memory', async () => {
    expect(await bufferedBytes(bytes.length + 1)).toBeLessThanOrEqual(bytes.length + 1);
  });

  it('is unchanged if a chunk is empty', async () => {
    const empty = new Uint8Array();
    const body = streamOf(empty, bytes.slice(0, 9), empty, bytes.slice(9), empty);
    await expect(verifyWebhook(requestOf(body), { secret, now })).resolves.toEqual(JSON.parse(text));
  });
});

describe('a raw body', () => {
  const padded = Uint8Array.of(0, 0, ...bytes, 0).buffer;
  it.each([
    ['a Uint8Array of another realm', runInNewContext('Uint8Array.from(bytes)', { bytes })],
    ['an ArrayBuffer of another realm', runInNewContext('Uint8Array.from(bytes).buffer', { bytes })],
    ['a DataView with an offset', new DataView(padded, 2, bytes.length)],
    ['a Buffer', Buffer.from(bytes)],
  ])('is accepted as %s', async (_name, body: unknown) => {
    await expect(verifyWebhook({ headers, body: body as Uint8Array }, { secret, now })).resolves.toEqual(
      JSON.parse(text),
    );
  });
});
