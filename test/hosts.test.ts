// Requests as hosts hand them over: absent headers and bodies, objects that are no web Request, bodies read before.
import { describe, expect, it, vi } from 'vitest';
import { createReceiver, signPayload, type WebhookError } from '../src/index.js';
import { createSignedRequest, sampleEvent } from '../src/testing/index.js';

const secret = 'whsec_hosts';
const body = JSON.stringify(sampleEvent('site.created'));
const headers = {
  'X-Hostwares-Signature': await signPayload(body, secret),
  'X-Hostwares-Timestamp': '1000',
};

function createTold() {
  const told: WebhookError[] = [];
  const handled = vi.fn();
  const receiver = createReceiver({ secret, now: () => 1_000_000, onRejected: (error) => told.push(error) });
  receiver.onAny(handled);
  return { receiver, told, handled };
}

describe('receive', () => {
  it('takes multi-value headers', async () => {
    const multiValueHeaders = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value]]),
    );
    expect((await createTold().receiver.receive({ headers: multiValueHeaders, body })).status).toBe(200);
  });

  it.each([
    ['undefined headers', { headers: undefined, body }, 401, 'missing_signature'],
    ['null headers', { headers: null, body }, 401, 'missing_signature'],
    [
      'null headers and another method',
      { method: 'GET', headers: null, body: null },
      405,
      'method_not_allowed',
    ],
    ['a null body', { headers, body: null }, 401, 'signature_mismatch'],
    [
      'an undefined body, as of a rawBody that was not kept',
      { headers, body: undefined },
      500,
      'body_already_parsed',
    ],
  ])('answers %s', async (_name, input, status, code) => {
    const { receiver, told, handled } = createTold();
    const info = vi.fn();
    const observed = createReceiver({
      secret,
      now: () => 1_000_000,
      onRejected: (_error, about) => info(about.headers),
    });
    expect((await receiver.receive(input)).status).toBe(status);
    expect(told[0]?.code).toBe(code);
    await observed.receive(input);
    expect(info).toHaveBeenCalledExactlyOnceWith(input.headers ?? {});
    expect(handled).not.toHaveBeenCalled();
  });
});

describe('handle', () => {
  const incoming = { method: 'POST', headers, on: () => 0, socket: {} };

  it.each([
    ['undefined', undefined, /was given undefined.*receive\(\)/],
    ['null', null, /was given null/],
    ['text', 'POST /', /was given string/],
    ['a Node request', incoming, /createNodeHandler/],
    [
      "Express' request",
      { ...incoming, app: () => 0, res: {}, baseUrl: '', body: {} },
      /createExpressHandler/,
    ],
    [
      "the Pages Router's request",
      { ...incoming, previewData: false, query: {} },
      /createNodeHandler.*bodyParser/,
    ],
    ["Koa's context", { req: {}, res: {}, request: {}, response: {}, app: {} }, /ctx\.req, ctx\.res/],
    ["Hono's context", { req: {}, var: {}, executionCtx: {} }, /c\.req\.raw/],
    ["Fastify's request", { raw: {}, routeOptions: {}, headers }, /receiver\.receive/],
    ["Elysia's context", { request: {}, set: {}, store: {} }, /context\.request/],
    ["h3's event", { node: {}, context: {} }, /event\.node\.req/],
    ["Lambda's event", { requestContext: {}, headers, body }, /statusCode/],
  ])('is misconfigured for %s, and names the fix', async (_name, value, hint) => {
    const { receiver, told, handled } = createTold();
    const response = await receiver.handle(value as never);
    expect([response.status, await response.json()]).toEqual([500, { error: 'misconfigured' }]);
    expect(`${told[0]?.message} ${told[0]?.hint}`).toMatch(/takes a web Request/);
    expect(`${told[0]?.message} ${told[0]?.hint}`).toMatch(hint);
    expect(told[0]?.cause).toBeInstanceOf(TypeError);
    expect(handled).not.toHaveBeenCalled();
  });

  it('is body_already_parsed for a Request whose declared body has ended without a byte', async () => {
    const told: WebhookError[] = [];
    const receiver = createReceiver({ secret, onRejected: (error) => told.push(error) });
    const { headers: signed } = await createSignedRequest('ping', { secret });
    const all = { ...Object.fromEntries(signed), 'content-length': '200' };
    const ended = new ReadableStream({
      start(controller) {
        controller.close();
      },
    });
    for (const lost of [ended, null]) {
      const request = new Request('http://localhost/', { method: 'POST', headers: all, body: lost, duplex: 'half' } as RequestInit); // prettier-ignore
      expect((await receiver.handle(request)).status).toBe(500);
    }
    expect(told.map(({ code }) => code)).toEqual(['body_already_parsed', 'body_already_parsed']);
    const broken = new ReadableStream({
      start(controller) {
        controller.error(new Error('reset'));
      },
    });
    const request = new Request('http://localhost/', { method: 'POST', headers: all, body: broken, duplex: 'half' } as RequestInit); // prettier-ignore
    expect((await receiver.handle(request)).status).toBe(401);
  });
});
