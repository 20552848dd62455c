// Faults of the verification.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createCareful, header, hmacOf, parse, readBody, Rejection } from './careful.ts';
import { secret, type GalleryEndpoint } from './endpoint.ts';

const signatureOf = (headers: NodeJS.Dict<string | string[]>): string | undefined =>
  header(headers, 'x-hostwares-signature');

export const verificationFaults: readonly GalleryEndpoint[] = [
  {
    name: 'careful on node:http',
    create: (effects) => createCareful(effects),
    findings: [],
  },
  {
    // The time of a comparison cannot be measured reliably through HTTP, so nothing may be found.
    name: '=== instead of timingSafeEqual',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          if (signatureOf(headers) !== `sha256=${hmacOf(body)}`) throw new Rejection(401);
        },
      }),
    findings: [],
  },
  {
    name: 'a signature that is checked only if it is there',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          const given = signatureOf(headers);
          if (given && given !== `sha256=${hmacOf(body)}`) throw new Rejection(401);
        },
      }),
    findings: ['missing-signature'],
  },
  {
    name: 'a signature that is checked for its presence only',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers) {
          if (!signatureOf(headers)) throw new Rejection(401);
        },
      }),
    findings: ['wrong-secret'],
  },
  {
    name: 'an empty secret that is accepted too',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          const made = [secret, ''].map((key) => createHmac('sha256', key).update(body).digest('hex'));
          if (!made.some((digits) => signatureOf(headers) === `sha256=${digits}`)) throw new Rejection(401);
        },
      }),
    findings: ['wrong-secret'],
    says: /empty secret/,
  },
  {
    name: 'the prefix of a signature is enough',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          const given = signatureOf(headers);
          if (!given || !`sha256=${hmacOf(body)}`.startsWith(given)) throw new Rejection(401);
        },
      }),
    findings: ['partial-signature'],
    says: /no digits after "sha256="; the first 8 digits; all digits but the last/,
  },
  {
    name: 'only the first half of the digits is compared',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          const given = signatureOf(headers) ?? '';
          const isRight =
            /^sha256=[0-9a-f]{64}$/.test(given) && given.slice(7, 39) === hmacOf(body).slice(0, 32);
          if (!isRight) throw new Rejection(401);
        },
      }),
    findings: ['partial-signature'],
    says: /a right first half/,
  },
  {
    name: 'lenient hex',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          // Buffer.from stops silently at the first character that is not hex.
          const given = Buffer.from((signatureOf(headers) ?? '').replace(/^sha256=/i, ''), 'hex');
          const expected = Buffer.from(hmacOf(body), 'hex');
          if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Rejection(401);
        },
      }),
    findings: [
      'signature-upper-case',
      'signature-without-prefix',
      'signature-trailing-junk',
      'signature-list',
      'signature-twice',
    ],
  },
  {
    name: 'any signature of a list',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          const given = (signatureOf(headers) ?? '').split(/,\s*/);
          if (!given.includes(`sha256=${hmacOf(body)}`)) throw new Rejection(401);
        },
      }),
    findings: ['signature-list', 'signature-twice'],
  },
  {
    name: 'SHA-1 is accepted',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          const [algorithm = '', digits] = (signatureOf(headers) ?? '').split('=');
          if (!['sha1', 'sha256'].includes(algorithm)) throw new Rejection(401);
          if (createHmac(algorithm, secret).update(body).digest('hex') !== digits) throw new Rejection(401);
        },
      }),
    findings: ['sha1-signature'],
  },
  {
    name: 'timingSafeEqual without a look at the length',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          const given = Buffer.from(signatureOf(headers) as string);
          if (!timingSafeEqual(given, Buffer.from(`sha256=${hmacOf(body)}`))) throw new Rejection(401);
        },
      }),
    findings: ['rejected-with-5xx'],
    says: /500 to no signature header/,
  },
  {
    name: 'the body is decoded before it is hashed',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          if (signatureOf(headers) !== `sha256=${hmacOf(body.toString('utf8'))}`) throw new Rejection(401);
        },
        parse: (body) => parse(Buffer.from(body.toString('utf8'))),
      }),
    findings: ['decoded-body'],
  },
  {
    name: 'the body is hashed as Latin-1 text',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          if (signatureOf(headers) !== `sha256=${hmacOf(body.toString('latin1'))}`) throw new Rejection(401);
        },
      }),
    findings: ['non-ascii'],
  },
  {
    name: 'the body is rewritten before it is hashed',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          const text = body.toString('latin1').replace('evil.', 'shop.').replace('evt_forged_', 'evt_check_');
          if (signatureOf(headers) !== `sha256=${hmacOf(Buffer.from(text, 'latin1'))}`)
            throw new Rejection(401);
        },
      }),
    findings: ['tampered-body'],
    says: /2xx to a changed id; a changed field at the end/,
  },
  {
    name: 'the expected signature is in the response',
    create: (effects) =>
      createCareful(effects, {
        checkSignature(headers, body) {
          const expected = `sha256=${hmacOf(body)}`;
          if (signatureOf(headers) !== expected) throw new Rejection(401, `expected ${expected}`);
        },
      }),
    findings: ['leak'],
    says: /the right signature, in the response to a signature made with another secret/,
  },
  {
    name: 'the work is done before the verification',
    create: (effects) =>
      createCareful(effects, {
        async readBody(request) {
          const body = await readBody(request, 1_000_000);
          const { id } = parse(body);
          if (effects.count(id) === 0) await effects.act({ id });
          return body;
        },
        handle: async () => undefined,
      }),
    findings: ['effect-of-rejected'],
  },
];
