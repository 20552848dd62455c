/** A framework or platform, recognised by the object that it passes to the adapter. */
type Host =
  | 'azure'
  | 'elysia'
  | 'express'
  | 'fastify'
  | 'h3'
  | 'hono'
  | 'koa'
  | 'lambda'
  | 'nest'
  | 'nextPages'
  | 'node'
  | 'web';

/** Properties that identify a host's object. The first host whose properties are all present matches, so general ones come last. */
const shapes: readonly (readonly [Host, ...(readonly string[])])[] = [
  ['lambda', 'requestContext'],
  ['hono', 'req', 'var', 'executionCtx'],
  ['koa', 'req', 'res', 'request', 'response', 'app'],
  ['elysia', 'request', 'set', 'store'],
  ['h3', 'node', 'context'],
  ['fastify', 'raw', 'routeOptions'],
  ['azure', 'bufferBody'],
  ['azure', 'arrayBuffer', 'params', 'user'],
  ['nextPages', 'previewData', 'query'],
  ['express', 'app', 'res', 'baseUrl'],
  ['node', 'headers', 'on'],
  ['web', 'headers', 'arrayBuffer'],
];

/** Identifies the host of an object. It reads no property, because a host's getters may parse the body and throw. */
export function identifyHost(value: unknown): Host | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const host = shapes.find(([, ...properties]) => properties.every((name) => name in value))?.[0];
  // Nest passes the objects of Express or Fastify. Its decorators need reflect-metadata, which few others load.
  return (host === 'express' || host === 'fastify') && 'getMetadata' in Reflect ? 'nest' : host;
}

const anyNodeHost =
  'Mount the webhook before any body parser (koa-bodyparser: set ctx.disableBodyParser for its path), or keep the ' +
  'bytes in request.rawBody.';
const anyWebHost =
  'Verify the request before anything else reads its body (request.json(), a body parser; in Elysia set ' +
  "parse: 'none' on the route). JSON.stringify does not restore the signed bytes.";

/** How to keep the raw body, per host. */
const rawBodyHints: Readonly<Record<Host, string>> = {
  azure: 'Azure Functions: pass req.bufferBody (model v3), or the request before request.json() (model v4).',
  elysia:
    "Elysia parses the body first. Set parse: 'none' on the route: app.post(path, handler, { parse: 'none' }).",
  express:
    'Put the webhook route before app.use(express.json()), give it express.raw({ type: "*/*", limit: "1mb" }), or use ' +
    'express.json({ limit: "1mb", verify: (req, _res, buf) => { req.rawBody = buf } }).',
  fastify:
    'Fastify parses the body first. In a plugin with this route: addContentTypeParser("application/json", ' +
    '{ parseAs: "buffer" }, (_req, body, done) => done(null, body)).',
  h3: 'Do not call readBody(event) or readRawBody(event) before the webhook handler.',
  hono: 'Mount the webhook before anything else reads the body: c.req.json(), a validator, or a body parser of the host.',
  koa: anyNodeHost,
  lambda:
    'Pass event.body as it arrives: Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8"). ' +
    'A mapping template or a JSON middleware may have parsed or removed it.',
  nest:
    'NestJS parses the body first. Use NestFactory.create(AppModule, { rawBody: true }) and ' +
    'app.useBodyParser("json", { limit: "1mb" }); without Nest, mount the webhook before the body parser.',
  nextPages:
    'Next parses the body of API routes. Add to this one: export const config = { api: { bodyParser: false } }.',
  node: anyNodeHost,
  web: anyWebHost,
};

/** Returns the change that makes the raw body reach the receiver. */
export function explainParsedBody(context: unknown): string {
  const host = identifyHost(context);
  return host ? rawBodyHints[host] : `${anyWebHost} Pass the raw body as bytes or text.`;
}

/** How to call the receiver on a host whose object is not a web `Request`. */
const requestHints: Readonly<Record<Host, string>> = {
  azure: 'Use receiver.receive({ method, headers, body: new Uint8Array(await request.arrayBuffer()) }).',
  elysia: 'Pass context.request.',
  express: 'Use createExpressHandler(receiver) of @hostwares/webhooks/express.',
  fastify: 'Use receiver.receive({ method, headers, body }) with the raw body, see docs/receiving.md.',
  h3: 'Use createNodeHandler(receiver)(event.node.req, event.node.res).',
  hono: 'Pass c.req.raw, or use createHonoHandler(receiver) of @hostwares/webhooks/hono.',
  koa: 'Use await createNodeHandler(receiver)(ctx.req, ctx.res) of @hostwares/webhooks/node.',
  lambda: 'Use receiver.receive({ method, headers, body }) and return statusCode, see docs/receiving.md.',
  nest: 'Use receiver.receive({ method, headers, body: request.rawBody }) with rawBody: true, see docs/receiving.md.',
  nextPages:
    'In the Pages Router use createNodeHandler(receiver) of @hostwares/webhooks/node, with bodyParser: false.',
  node: 'Use createNodeHandler(receiver) of @hostwares/webhooks/node.',
  web: 'Pass the Request itself, not a copy of its properties.',
};

/** Describes a value that was passed to `receiver.handle` but is not a web `Request`. */
export function describeNotARequest(value: unknown): { message: string; hint: string; cause: TypeError } {
  const host = identifyHost(value);
  const given = host ? `the object of another host (${host})` : value === null ? 'null' : typeof value;
  const message = `receiver.handle() takes a web Request, but was given ${given}.`;
  return {
    message,
    hint: host ? requestHints[host] : 'Pass the Request of your route handler, or use receiver.receive().',
    cause: new TypeError(message),
  };
}
