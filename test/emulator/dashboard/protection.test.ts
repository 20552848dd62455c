// What a page elsewhere, and what comes from outside, cannot do.
import { request as httpRequest, createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventTypes } from '../../../src/index.js';
import { startEmulator, type Emulator } from '../../../src/emulator/index.js';
import { close, listen } from '../../support/http-server.js';
import { FormBrowser } from './browser.js';

const secret = 'whsec_secret_of_the_dashboard';
const script = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
let emulator: Emulator;
let browser: FormBrowser;

beforeEach(async () => {
  emulator = await startEmulator();
  browser = new FormBrowser(emulator);
});
afterEach(() => emulator.stop());

/** Every path that changes something. */
const actions = [
  '/settings/webhooks',
  '/settings/webhooks/wh_1',
  '/settings/webhooks/wh_1/ping',
  '/settings/webhooks/wh_1/enable',
  '/settings/webhooks/wh_1/disable',
  '/settings/webhooks/wh_1/rotate',
  '/settings/webhooks/wh_1/delete',
  '/deliveries/dlv_1/redeliver',
  '/send',
  '/send/validate',
  '/clock/jump',
  '/clock/run',
  '/clock/pause',
  '/clock/resume',
  '/faults',
  '/faults/clear',
];

function post(path: string, fields: Record<string, string>, headers = {}): Promise<Response> {
  return fetch(emulator.url + path, { method: 'POST', body: new URLSearchParams(fields), headers });
}

describe('the token of the forms', () => {
  it.each(actions)('is needed by %s', async (path) => {
    expect((await post(path, {})).status).toBe(403);
    expect((await post(path, { token: 'x'.repeat(43) })).status).toBe(403);
    expect(emulator.clock.isPaused).toBe(false);
  });

  it('is looked for in forms only: any other body is a 400', async () => {
    const headers = { 'content-type': 'multipart/form-data' };
    const response = await fetch(`${emulator.url}/faults`, { method: 'POST', headers, body: 'kind=tamper' });
    expect(response.status).toBe(400);
    expect(emulator.faults.list()).toEqual([]);
  });

  it('is another one for each emulator', async () => {
    const other = await startEmulator();
    expect(await new FormBrowser(other).token()).not.toBe(await browser.token());
    await other.stop();
  });

  it('does not help a form of another site', async () => {
    const token = await browser.token();
    for (const headers of [{ origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      expect((await post('/clock/pause', { token }, headers)).status).toBe(403);
    }
    expect(emulator.clock.isPaused).toBe(false);
  });

  it('is not read by a page behind another host name', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest(`${emulator.url}/send`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it('is needed by a form that is too long, too', async () => {
    const response = await post('/send', { token: await browser.token(), body: 'x'.repeat(2 ** 20) });
    expect(response.status).toBe(413);
  });
});

describe('text from outside', () => {
  it('is escaped on every page', async () => {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(500, { 'x-evil': script, 'content-type': 'text/html' }).end(script);
      });
    });
    const url = await listen(server);
    const endpoint = await emulator.createEndpoint({
      url: `${url}/?${encodeURIComponent(script)}`,
      events: ['*'],
      secret,
    });
    const { deliveries } = await emulator.trigger({
      id: `evt_${script}`,
      event: script,
      account_id: emulator.accountId,
      data: Object.fromEntries(eventTypes.map((name) => [`${name}${script}`, script])),
    } as never);
    await emulator.waitForAttempt(deliveries[0]!.id);
    await emulator.clock.runToEnd();
    const mail = emulator.mailbox.list()[0]!;
    const paths = [
      '/settings/webhooks',
      `/settings/webhooks/${endpoint.id}`,
      `/settings/webhooks/${endpoint.id}/delete`,
      `/settings/webhooks/${encodeURIComponent(script)}`,
      '/deliveries',
      `/deliveries?q=${encodeURIComponent(script)}&event=${encodeURIComponent(script)}`,
      `/deliveries/${deliveries[0]!.id}`,
      `/deliveries/${encodeURIComponent(script)}`,
      `/send?event=${encodeURIComponent(script)}`,
      '/mailbox',
      `/mailbox/${mail.id}`,
      `/mailbox/${encodeURIComponent(script)}`,
      '/clock',
      '/faults',
      `/${encodeURIComponent(script)}`,
    ];
    for (const path of paths) {
      const { html } = await browser.get(path);
      expect(html, path).not.toMatch(/<script>|<img src=x/);
    }
    expect((await browser.get(`/deliveries/${deliveries[0]!.id}`)).text).toContain(script);
    await close(server);
  });

  it('finds no inline script or style that a policy would have to allow', async () => {
    for (const path of ['/settings/webhooks/new', '/deliveries', '/send', '/mailbox', '/clock', '/faults']) {
      const response = await fetch(emulator.url + path);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toContain('unsafe');
      expect(await response.text()).not.toMatch(/ style=| on\w+=|<style|<script(?! type="module" src="\/)/);
    }
  });
});
