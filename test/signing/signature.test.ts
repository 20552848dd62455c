import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
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

it('signPayload does not confuse text with bytes of the same notation', async () => {
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
