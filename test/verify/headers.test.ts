// The two signed headers, in forms that plain objects of headers can have.
import { describe, expect, it } from 'vitest';
import { signPayload, verifyWebhook } from '../../src/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_headers';
const body = JSON.stringify(sampleEvent('site.created'));
const signature = await signPayload(body, secret);
const verify = (headers: object) =>
  verifyWebhook({ headers: headers as Record<string, string>, body }, { secret, now: () => 1_000_000 });

describe('a plain object of headers', () => {
  it('is accepted if another spelling of a header is undefined or an empty list', async () => {
    const absent = { 'x-hostwares-signature': undefined, 'x-hostwares-timestamp': [] };
    const event = await verify({
      ...absent,
      'X-Hostwares-Signature': signature,
      'X-Hostwares-Timestamp': ['1000'],
    });
    expect(event.event).toBe('site.created');
  });

  it.each([undefined, []])('has no signature if its value is %j', async (value) => {
    await expect(verify({ 'x-hostwares-signature': value })).rejects.toMatchObject({
      code: 'missing_signature',
    });
  });

  it.each([[1000], [[1000]], [[['1000'], '1000']], [null], [{ toString: () => '1000' }]])(
    'has a malformed timestamp if its value is %j',
    async (timestamp) => {
      await expect(
        verify({ 'x-hostwares-signature': signature, 'x-hostwares-timestamp': timestamp }),
      ).rejects.toMatchObject({ code: 'malformed_timestamp' });
    },
  );

  it('has a malformed signature if the header appears under two spellings', async () => {
    await expect(
      verify({ 'x-hostwares-signature': signature, 'X-HOSTWARES-SIGNATURE': signature }),
    ).rejects.toMatchObject({ code: 'malformed_signature' });
  });
});

describe('toleranceSeconds', () => {
  it.each([-1, NaN, Infinity, '300', true, null])(
    'is rejected at set-up if it is %j',
    async (toleranceSeconds) => {
      const headers = { 'x-hostwares-signature': signature, 'x-hostwares-timestamp': '1000' };
      const options = { secret, toleranceSeconds: toleranceSeconds as number };
      await expect(verifyWebhook({ headers, body }, options)).rejects.toThrow(/^toleranceSeconds must be /);
    },
  );
});
