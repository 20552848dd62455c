// Requests as hosts pass them: absent headers and bodies, objects that are not a web Request, bodies that were read.
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as webhooks from '../../src/index.js';
import { createReceiver, signPayload, type WebhookError } from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

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
  it('accepts multi-value headers', async () => {
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
  ])('rejects %s', async (_name, input, status, code) => {
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
  ])('returns misconfigured for %s, and names the fix', async (_name, value, hint) => {
    const { receiver, told, handled } = createTold();
    const response = await receiver.handle(value as never);
    expect([response.status, await response.json()]).toEqual([500, { error: 'misconfigured' }]);
    expect(`${told[0]?.message} ${told[0]?.hint}`).toMatch(/takes a web Request/);
    expect(`${told[0]?.message} ${told[0]?.hint}`).toMatch(hint);
    expect(told[0]?.cause).toBeInstanceOf(TypeError);
    expect(handled).not.toHaveBeenCalled();
  });

  it('returns body_already_parsed if the declared body ended without a byte', async () => {
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

describe("docs/receiving.md's function for AWS Lambda", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  const page = readFileSync(new URL('../../docs/receiving.md', import.meta.url), 'utf8');
  const code = /```ts\n\/\/ lambda\.ts\n([\s\S]*?)```/.exec(page)![1]!;
  const { outputText } = ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
  type LambdaHandler = (event: unknown) => Promise<{ statusCode: number; headers: object; body: string }>;
  const exported: { handler?: LambdaHandler } = {};
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- the docs' own code
  new Function('require', 'exports', outputText)(() => webhooks, exported);
  const fresh = { ...headers, 'X-Hostwares-Timestamp': String(Math.floor(Date.now() / 1000)) };
  const multiValue = Object.fromEntries(Object.entries(fresh).map(([name, value]) => [name, [value]]));
  const lower = Object.fromEntries(Object.entries(fresh).map(([name, value]) => [name.toLowerCase(), value]));
  const post = { requestContext: { http: { method: 'POST' } } };
  const base64 = { body: Buffer.from(body).toString('base64'), isBase64Encoded: true };

  it.each([
    ['HTTP API and function URL', { ...post, headers: lower, body, isBase64Encoded: false }, 200],
    ['HTTP API, base64', { ...post, headers: lower, ...base64 }, 200],
    [
      'REST API',
      { httpMethod: 'POST', headers: fresh, multiValueHeaders: multiValue, body, isBase64Encoded: false },
      200,
    ],
    [
      'REST API, base64',
      { httpMethod: 'POST', headers: fresh, multiValueHeaders: multiValue, ...base64 },
      200,
    ],
    ['load balancer', { httpMethod: 'POST', headers: lower, body, isBase64Encoded: false }, 200],
    [
      'load balancer, multi-value headers',
      { httpMethod: 'POST', multiValueHeaders: multiValue, ...base64 },
      200,
    ],
    [
      'REST API, changed body',
      { httpMethod: 'POST', headers: fresh, multiValueHeaders: multiValue, body: `${body} ` },
      401,
    ],
    ['REST API, a repeated signature', { httpMethod: 'POST', headers: fresh, multiValueHeaders: { ...multiValue, 'X-Hostwares-Signature': ['a', 'b'] }, body }, 401], // prettier-ignore
    ['REST API, scan', { httpMethod: 'GET', headers: null, multiValueHeaders: null, body: null }, 405],
    [
      'REST API, test of the console',
      { httpMethod: 'POST', headers: null, multiValueHeaders: null, body: null },
      401,
    ],
    ['HTTP API, no body', { ...post, headers: lower, isBase64Encoded: false }, 401],
  ])('responds correctly to %s', async (_name, event, statusCode) => {
    vi.stubEnv('HOSTWARES_WEBHOOK_SECRET', secret);
    vi.spyOn(console, 'warn').mockReturnValue();
    const response = await exported.handler!(event);
    expect(Object.keys(response)).toEqual(['statusCode', 'headers', 'body']);
    expect(response.statusCode).toBe(statusCode);
  });
});
