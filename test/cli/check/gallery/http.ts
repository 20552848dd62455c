// Faults of the server: methods, bodies, responses.
import { createCareful, hmacOf, parse, readBody, Rejection } from './careful.ts';
import type { GalleryEndpoint } from './endpoint.ts';

export const httpFaults: readonly GalleryEndpoint[] = [
  {
    name: 'a server that hangs',
    create: () => () => undefined,
    findings: ['responds'],
  },
  {
    name: 'a server that never answers a rejected request',
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
];
