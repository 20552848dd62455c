import { execFileSync } from 'node:child_process';
import nodeCrypto, { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { signatureMatches, signPayload } from '../../src/index.js';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const ascii = (text: string) => new TextEncoder().encode(text);

// RFC 4231, section 4: key, data, HMAC-SHA-256.
const rfc4231: [key: Uint8Array, data: Uint8Array, mac: string][] = [
  [
    new Uint8Array(20).fill(0x0b),
    ascii('Hi There'),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    ascii('Jefe'),
    ascii('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    new Uint8Array(20).fill(0xaa),
    new Uint8Array(50).fill(0xdd),
    '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
  ],
  [
    hex('0102030405060708090a0b0c0d0e0f10111213141516171819'),
    new Uint8Array(50).fill(0xcd),
    '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
  ],
  [
    new Uint8Array(131).fill(0xaa),
    ascii('Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
  [
    new Uint8Array(131).fill(0xaa),
    ascii(
      'This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.',
    ),
    '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
  ],
];

it.each(rfc4231.map((vector, at) => ({ at: [1, 2, 3, 4, 6, 7][at], vector })))(
  'RFC 4231 case $at',
  async ({ vector: [key, data, mac] }) => {
    expect(await signPayload(data, key)).toBe(`sha256=${mac}`);
    expect(await signatureMatches(data, `sha256=${mac}`, key)).toBe(true);
  },
);

it('signatureMatches is false for RFC 4231 case 5, whose MAC is truncated to 128 bits', async () => {
  const key = new Uint8Array(20).fill(0x0c);
  expect(await signatureMatches('Test With Truncation', 'sha256=a3b6167473100ee06e0c796c2955552b', key)).toBe(
    false,
  );
});

it('signPayload agrees with node:crypto and with openssl', async () => {
  const body = JSON.stringify({ text: 'Grüße ✓ 😀' });
  const signature = await signPayload(body, 'whsec_ü');
  expect(signature).toBe(`sha256=${createHmac('sha256', 'whsec_ü').update(body).digest('hex')}`);
  const openssl = (() => {
    try {
      return execFileSync('openssl', ['dgst', '-sha256', '-hmac', 'whsec_ü'], {
        input: body,
        encoding: 'utf8',
      });
    } catch {
      return undefined; // Not on every machine; node:crypto above is a second opinion already.
    }
  })();
  if (openssl) expect(openssl.trim().split(/[ =]+/).at(-1)).toBe(signature.slice(7));
});

it('signPayload uses the bytes that a secret has at the time of the call', async () => {
  const secret = ascii('whsec_bytes');
  const signature = await signPayload('x', secret);
  expect(signature).toBe(await signPayload('x', 'whsec_bytes'));
  secret.fill(0);
  expect(await signPayload('x', secret)).not.toBe(signature);
});

it('signPayload distinguishes bytes from a text that lists the same numbers', async () => {
  const mac = (key: string | Uint8Array) => `sha256=${createHmac('sha256', key).update('x').digest('hex')}`;
  for (const secret of ['1,2', Uint8Array.of(1, 2), '\0' + '1,2', '12'])
    expect(await signPayload('x', secret)).toBe(mac(secret));
});

it('signPayload works with more secrets than the key cache holds', async () => {
  for (let at = 0; at < 600; at += 1) {
    expect(await signPayload('x', `secret ${at}`)).toBe(
      `sha256=${createHmac('sha256', `secret ${at}`).update('x').digest('hex')}`,
    );
  }
});

describe('signPayload', () => {
  it.each(['', ' \n', new Uint8Array(), undefined, null, [], ['good', '']])(
    'rejects with a TypeError that names the environment for the blank secret %j',
    async (blank) => {
      const outcome = await signPayload('x', blank as never).catch((error: unknown) => error);
      expect(outcome).toBeInstanceOf(TypeError);
      expect(String(outcome)).toMatch(/secret is missing or blank.+environment/);
    },
  );
});

describe('signatureMatches', () => {
  it('returns false for a signature that is not text but converts to the right text', async () => {
    const signature = await signPayload('x', 'whsec_text');
    expect(await signatureMatches('x', signature, 'whsec_text')).toBe(true);
    for (const converted of [[signature], { toString: () => signature }, new String(signature)])
      expect(await signatureMatches('x', converted as never, 'whsec_text')).toBe(false);
  });
});

describe('the HMAC engine', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Loads a new copy of the library, because it chooses its engine at the first signature. */
  async function loadLibrary() {
    vi.resetModules();
    return import('../../src/index.js');
  }
  const mac = (secret: string) => `sha256=${createHmac('sha256', secret).update('x').digest('hex')}`;

  it('uses node:crypto where it is available', async () => {
    const webSign = vi.spyOn(crypto.subtle, 'sign');
    const nodeHmac = vi.spyOn(nodeCrypto, 'createHmac');
    const library = await loadLibrary();
    await library.signPayload('x', 'whsec_engine');
    expect([nodeHmac.mock.calls.length, webSign.mock.calls.length]).toEqual([1, 0]);
  });

  it.each([
    ['is absent', undefined],
    ['lacks node:crypto', (id: string) => (id === 'node:crypto' ? undefined : { Buffer })],
    ['lacks node:buffer', (id: string) => (id === 'node:buffer' ? undefined : nodeCrypto)],
    ['throws, as in the edge runtime of Next', () => { throw new Error('not supported'); }], // prettier-ignore
  ])('uses WebCrypto if process.getBuiltinModule %s', async (_condition, getBuiltinModule) => {
    vi.stubGlobal('process', { ...process, getBuiltinModule });
    try {
      const webSign = vi.spyOn(crypto.subtle, 'sign');
      const library = await loadLibrary();
      expect(await library.signPayload('x', 'whsec_engine')).toBe(mac('whsec_engine'));
      expect(webSign).toHaveBeenCalledOnce();
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('imports WebCrypto keys as not extractable', async () => {
    vi.stubGlobal('process', { ...process, getBuiltinModule: undefined });
    try {
      const importKey = vi.spyOn(crypto.subtle, 'importKey');
      const library = await loadLibrary();
      await library.signPayload('x', 'whsec_engine');
      const keys = await Promise.all(importKey.mock.results.map(({ value }) => value as Promise<CryptoKey>));
      expect(keys.map(({ extractable }) => extractable)).toEqual([false]);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('imports each of 256 secrets once, and imports them again after the 257th', async () => {
    const importKey = vi.spyOn(nodeCrypto, 'createSecretKey');
    const library = await loadLibrary();
    const importsOf = async (...secrets: string[]) => {
      importKey.mockClear();
      for (const secret of secrets) expect(await library.signPayload('x', secret)).toBe(mac(secret));
      return importKey.mock.calls.length;
    };
    const secrets = Array.from({ length: 256 }, (_, index) => `secret ${index}`);
    expect(await importsOf(...secrets)).toBe(256);
    expect(await importsOf(...secrets)).toBe(0);
    expect(await importsOf('secret 256')).toBe(1);
    expect(await importsOf('secret 256', 'secret 0', 'secret 0')).toBe(1);
  });
});

// Third-party vectors, which are not part of the repository. The test is skipped without them.
const vectors = new URL('../../../shared/vectors/wycheproof_hmac_sha256.json', import.meta.url);
describe.skipIf(!existsSync(vectors))('Wycheproof HMAC-SHA256', () => {
  interface Group {
    keySize: number;
    tagSize: number;
    tests: { tcId: number; key: string; msg: string; tag: string; result: 'valid' | 'invalid' }[];
  }
  const { testGroups } = existsSync(vectors)
    ? (JSON.parse(readFileSync(vectors, 'utf8')) as { testGroups: Group[] })
    : { testGroups: [] };

  it.each(testGroups)('keys of $keySize, tags of $tagSize bits', async ({ tagSize, tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { tcId, key, msg, tag, result } of tests) {
      const accepted = await signatureMatches(hex(msg), `sha256=${tag}`, hex(key));
      expect(accepted, `tcId ${tcId}`).toBe(tagSize === 256 && result === 'valid');
    }
  });
});
