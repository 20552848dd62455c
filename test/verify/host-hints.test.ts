// Hints for the objects of frameworks and platforms, recognised by their properties. The real objects are in test/frameworks.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createReceiver, signPayload, type WebhookError } from '../../src/index.js';

const secret = 'whsec_host_hints';
const event = { id: 'evt_1' };
const headers = {
  'x-hostwares-signature': await signPayload(JSON.stringify(event), secret),
  'x-hostwares-timestamp': '1000',
};

function createRecording() {
  const rejected: WebhookError[] = [];
  const receiver = createReceiver({
    secret,
    now: () => 1_000_000,
    onRejected: (error) => rejected.push(error),
  });
  return { receiver, rejected };
}

function objectWith(properties: readonly string[]): object {
  return Object.fromEntries(properties.map((name) => [name, {}]));
}

/** Passes the object to `handle` instead of a web `Request`. Returns message and hint. */
async function misuse(value: unknown): Promise<string> {
  const { receiver, rejected } = createRecording();
  expect((await receiver.handle(value as Request)).status).toBe(500);
  return `${rejected[0]?.message} ${rejected[0]?.hint}`;
}

/** Returns the hint for a body that was parsed before, in a request with this object as its context. */
async function parsedBodyHint(adapterContext: unknown): Promise<string> {
  const { receiver, rejected } = createRecording();
  await receiver.receive({ headers, body: event as never, adapterContext });
  expect(rejected[0]?.code).toBe('body_already_parsed');
  return String(rejected[0]?.hint);
}

/** A host, the properties that identify it, and its hints for a parsed body and for a misuse of `handle`. */
type HostCase = [host: string, properties: string[], parsedBody: RegExp, handling: RegExp];

const nodeBodyHint = /before any body parser.+disableBodyParser.+keep the bytes in request\.rawBody\.$/;

const hosts: HostCase[] = [
  ['lambda', ['requestContext'], /^Pass event\.body.+isBase64Encoded.+JSON middleware/, /return statusCode/],
  ['hono', ['req', 'var', 'executionCtx'], /c\.req\.json\(\)/, /createHonoHandler/],
  ['koa', ['req', 'res', 'request', 'response', 'app'], nodeBodyHint, /ctx\.req, ctx\.res/],
  ['elysia', ['request', 'set', 'store'], /^Elysia.+parse: 'none'/, /context\.request/],
  ['h3', ['node', 'context'], /readRawBody\(event\)/, /event\.node\.req/],
  [
    'fastify',
    ['raw', 'routeOptions'],
    /addContentTypeParser.+parseAs: "buffer"/,
    /receive\(\{ method, headers, body \}\) with the raw body/,
  ],
  ['azure', ['bufferBody'], /req\.bufferBody/, /new Uint8Array\(await request\.arrayBuffer\(\)\)/],
  ['nextPages', ['previewData', 'query'], /bodyParser: false/, /Pages Router.+bodyParser: false/],
  [
    'express',
    ['app', 'res', 'baseUrl'],
    /before app\.use\(express\.json\(\)\).+req\.rawBody = buf/,
    /createExpressHandler/,
  ],
  ['node', ['headers', 'on'], nodeBodyHint, /createNodeHandler\(receiver\) of @hostwares\/webhooks\/node\.$/],
];

describe('a value that is not a web Request', () => {
  it.each(hosts)(
    'is recognised as the object of %s, with a hint for handle',
    async (host, properties, _, hint) => {
      const text = await misuse(objectWith(properties));
      expect(text).toContain(`was given the object of another host (${host}).`);
      expect(text).toMatch(hint);
    },
  );

  it.each(
    hosts.flatMap(([host, properties]) =>
      properties.map((property): [string, string, string[]] => [
        host,
        property,
        properties.filter((name) => name !== property),
      ]),
    ),
  )('is not recognised as the object of %s without %s', async (host, _property, others) => {
    expect(await misuse(objectWith(others))).not.toContain(`(${host})`);
  });

  it('is described by its type if no host is recognised', async () => {
    expect(await misuse({})).toMatch(/was given object\. Pass the Request of your route handler/);
    expect(await misuse(null)).toMatch(/was given null\. /);
    expect(await misuse(5)).toMatch(/was given number\. /);
  });

  it('is recognised as a copy of a web Request whose arrayBuffer is absent', async () => {
    const copy = { ...objectWith(['headers']), arrayBuffer: undefined };
    expect(await misuse(copy)).toMatch(/\(web\)\. Pass the Request itself, not a copy/);
    expect(await misuse({ arrayBuffer: undefined })).not.toMatch(/\(web\)/);
  });
});

describe('the hint for a parsed body', () => {
  it.each(hosts)('is specific to %s', async (_host, properties, hint) => {
    expect(await parsedBodyHint(objectWith(properties))).toMatch(hint);
  });

  it.each(['arrayBuffer', 'params', 'user'])(
    'is specific to Azure (model v4) unless %s is absent',
    async (name) => {
      const properties = ['arrayBuffer', 'params', 'user'];
      expect(await parsedBodyHint(objectWith(properties))).toMatch(/request\.json\(\) \(model v4\)/);
      const others = properties.filter((each) => each !== name);
      expect(await parsedBodyHint(objectWith(others))).not.toMatch(/Azure/);
    },
  );

  it('names body parsers and JSON.stringify for a web Request', async () => {
    const hint = /^Verify the request before.+parse: 'none' on the route.+signed bytes\.$/;
    expect(await parsedBodyHint(new Request('http://localhost/'))).toMatch(hint);
  });

  it('asks for bytes or text if no host is recognised', async () => {
    const hint = /^Verify the request before.+Pass the raw body as bytes or text\.$/;
    for (const context of [undefined, null, 'text', {}]) expect(await parsedBodyHint(context)).toMatch(hint);
  });
});

describe('the hints for Express and Fastify in NestJS', () => {
  afterEach(() => {
    Reflect.deleteProperty(Reflect, 'getMetadata');
    vi.restoreAllMocks();
  });

  it.each(hosts)(
    'replace those for %s only if reflect-metadata is loaded under Express or Fastify',
    async (host, properties) => {
      const isUnderNest = host === 'express' || host === 'fastify';
      expect(await parsedBodyHint(objectWith(properties))).not.toMatch(/^NestJS/);
      Object.assign(Reflect, { getMetadata: () => undefined });
      const text = await misuse(objectWith(properties));
      expect(text.includes('(nest)')).toBe(isUnderNest);
      expect(/request\.rawBody.+rawBody: true/.test(text)).toBe(isUnderNest);
      const hint = await parsedBodyHint(objectWith(properties));
      expect(/^NestJS.+rawBody: true.+limit: "1mb".+without Nest/.test(hint)).toBe(isUnderNest);
    },
  );
});
