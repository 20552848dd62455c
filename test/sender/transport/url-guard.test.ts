// The URLs that an endpoint may have.
import { describe, expect, it } from 'vitest';
import { createUrlGuard } from '../../../src/sender/transport/url-guard.js';

const check = (url: string) => createUrlGuard(false).checkUrl(url);
const checkLocal = (url: string) => createUrlGuard(true).checkUrl(url);
const invalid = (message: RegExp) =>
  expect.objectContaining({ code: 'invalid_url', message: expect.stringMatching(message) as string });

describe('checkUrl', () => {
  it('returns the parsed URL', () => {
    expect(check('https://example.com/hook?a=1').href).toBe('https://example.com/hook?a=1');
  });

  it.each(['', 'example.com', '/hook', 'https://'])('rejects %j, which is not a URL', (url) => {
    expect(() => check(url)).toThrow(invalid(/is not a URL/));
  });

  it.each(['http://93.184.215.14/', 'HTTP://example.com/', 'ftp://example.com/', 'file:///etc/passwd'])(
    'rejects %s, which does not begin with https:',
    (url) => {
      expect(() => check(url)).toThrow(invalid(/must begin with https:/));
    },
  );

  it.each(['https://user@example.com/', 'https://:password@example.com/'])(
    'rejects %s, which contains credentials',
    (url) => {
      expect(() => check(url)).toThrow(invalid(/user name or password/));
      expect(() => checkLocal(url)).toThrow(invalid(/user name or password/));
    },
  );

  it.each([0, 22, 25, 587, 6667, 10080])('rejects port %s, a bad port of the fetch standard', (port) => {
    expect(() => createUrlGuard(false).checkUrl(`https://93.184.215.14:${port}/`)).toThrow(/port/);
  });

  it.each([443, 80, 8443, 3000])('accepts port %s', (port) => {
    expect(createUrlGuard(false).checkUrl(`https://93.184.215.14:${port}/`).hostname).toBe('93.184.215.14');
  });

  it.each(['localhost', 'localhost.', 'api.localhost'])('rejects %s, which is never public', (host) => {
    expect(() => createUrlGuard(false).checkUrl(`https://${host}/`)).toThrow(/not public/);
  });

  it.each([
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '[::1]',
    '[::ffff:7f00:1]',
    '10.0.0.1',
    '169.254.169.254',
  ])('rejects the address %s, which is not public', (host) => {
    expect(() => check(`https://${host}/`)).toThrow(invalid(/not public/));
  });

  it.each(['localhost.example.com', 'notlocalhost', 'example.com.'])('accepts the host %s', (host) => {
    expect(check(`https://${host}/`).hostname).toBe(host);
  });
});

describe('checkUrl with allowPrivateNetwork', () => {
  it.each(['http://localhost:3000/', 'http://127.0.0.1:22/', 'https://[::1]/', 'http://10.0.0.1/'])(
    'accepts %s',
    (url) => {
      expect(checkLocal(url).href).toBe(url);
    },
  );

  it.each(['ftp://localhost/', 'file:///etc/passwd'])('rejects %s', (url) => {
    expect(() => checkLocal(url)).toThrow(invalid(/must begin with https:/));
  });
});

describe('resolve', () => {
  const guard = createUrlGuard(false, () => [Promise.resolve(['93.184.215.14', '127.0.0.1'])]);

  it('rejects a host if any of its addresses is not public', async () => {
    await expect(guard.resolve('mixed.example')).rejects.toThrow(invalid(/not public/));
  });

  it('returns a public address without asking the resolver', async () => {
    expect(await guard.resolve('8.8.8.8')).toEqual({ addresses: ['8.8.8.8'] });
    expect(await guard.resolve('[2606:4700::1111]')).toEqual({ addresses: ['2606:4700::1111'] });
  });

  it('rejects an address that is not public', async () => {
    await expect(guard.resolve('[::1]')).rejects.toThrow(invalid(/not public/));
  });

  it('accepts every address with allowPrivateNetwork', async () => {
    const local = createUrlGuard(true, () => [Promise.resolve(['93.184.215.14', '127.0.0.1'])]);
    expect(await local.resolve('mixed.example')).toEqual({ addresses: ['93.184.215.14', '127.0.0.1'] });
  });
});
