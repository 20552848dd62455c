// Faults of the server: methods, bodies, responses.
import { createCareful, handleOnce, hmacOf, parse, readBody, Rejection } from './careful.ts';
import type { GalleryEndpoint } from './endpoint.ts';

export const httpFaults: readonly GalleryEndpoint[] = [
  {
    name: 'a server that hangs',
    timings: { responseMs: 300 },
    create: () => () => undefined,
    findings: ['responds'],
  },
  {
    name: 'a server that never answers a rejected request',
    timings: { responseMs: 1_000 },
    // As a middleware that neither responds nor calls next.
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          if (headers['x-hostwares-signature'] !== `sha256=${hmacOf(body)}`) throw new Rejection(0);
        },
      }),
    findings: ['stays-available'],
    says: /left 3 requests without a response/,
  },
  {
    name: 'a redirect to the trailing slash',
    create: () => (request, response) => response.writeHead(308, { location: `${request.url ?? ''}/` }).end(),
    findings: ['no-redirect'],
  },
  {
    name: 'nothing at this path',
    create: () => (_request, response) => response.writeHead(404).end('Cannot POST'),
    findings: ['accepts-genuine'],
    says: /404 \("Cannot POST"\) instead of 2xx\. Nothing is mounted at this path/,
  },
  {
    name: 'another secret',
    create: () => (_request, response) => response.writeHead(401).end('{"error":"signature_mismatch"}'),
    findings: ['accepts-genuine'],
    says: /another secret/,
  },
  {
    name: 'GET is accepted',
    create: (effects) => {
      const careful = createCareful(effects);
      return (request, response) => {
        if (request.method === 'GET') response.end('ok');
        else careful(request, response);
      };
    },
    findings: ['get'],
  },
  {
    name: '500 on malformed input',
    create: (effects) =>
      createCareful(effects, {
        parse: (body) => parse(Buffer.from(JSON.stringify(JSON.parse(body.toString())))),
      }),
    findings: ['invalid-utf8', 'invalid-json'],
  },
  {
    name: 'any JSON is an event',
    create: (effects) =>
      createCareful(effects, {
        parse(body) {
          try {
            return parse(body);
          } catch (error) {
            // An old event stays rejected.
            if (error instanceof Rejection && error.status === 401) throw error;
            return { id: `invalid ${body.length}`, event: 'invalid', timestamp: '', data: {} };
          }
        },
      }),
    findings: ['invalid-utf8', 'invalid-json', 'invalid-envelope'],
  },
  {
    name: 'a limit of 100 kB',
    create: (effects) => createCareful(effects, { readBody: (request) => readBody(request, 100_000) }),
    findings: ['large-body'],
    says: /413/,
  },
  {
    name: 'no limit',
    create: (effects) => createCareful(effects, { readBody: (request) => readBody(request, Infinity) }),
    findings: ['oversized-body'],
  },
  {
    name: 'the first piece is taken for the whole body',
    create: (effects) =>
      createCareful(effects, {
        readBody: (request) =>
          new Promise((resolve) => {
            request.once('data', resolve).once('end', () => {
              resolve(Buffer.alloc(0));
            });
          }),
      }),
    findings: ['large-body', 'slow-body'],
  },
  {
    name: 'an incomplete delivery that blocks its event',
    create: (effects) => {
      const blocked = new Set<string>();
      const handle = handleOnce(effects);
      return createCareful(effects, {
        async readBody(request) {
          let text = '';
          request.on('data', (chunk) => (text += String(chunk)));
          return readBody(request, 1_000_000).catch((error: unknown) => {
            if (!(error instanceof Rejection)) blocked.add(/evt_check_\w+/.exec(text)?.[0] ?? '');
            throw error;
          });
        },
        async handle(event, headers) {
          if (blocked.has(event.id)) throw new Rejection(409, 'in progress');
          await handle(event, headers);
        },
      });
    },
    findings: ['cut-body'],
  },
  {
    name: '200 to a body that does not arrive',
    timings: { unfinishedMs: 5_000 },
    create: (effects) =>
      createCareful(effects, {
        readBody: (request) =>
          new Promise((resolve, reject) => {
            request.setTimeout(1_000, () => {
              reject(new Rejection(200));
            });
            readBody(request, 1_000_000).then(resolve, reject);
          }),
      }),
    findings: ['unfinished-body'],
  },
];
