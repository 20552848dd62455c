// Settings → Webhooks: every action on endpoints, as forms.
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmulator, type Emulator } from '../../../src/emulator/index.js';
import { close, listen } from '../../support/http-server.js';
import { FormBrowser } from './browser.js';

const secret = 'whsec_secret_of_the_dashboard';
let emulator: Emulator;
let browser: FormBrowser;
let server: Server;
let url: string;
let status: number;

beforeEach(async () => {
  status = 200;
  server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status).end('{"from":"receiver"}'));
  });
  url = await listen(server);
  emulator = await startEmulator({ retryScheduleSeconds: [10] });
  browser = new FormBrowser(emulator);
});
afterEach(async () => {
  await emulator.stop();
  await close(server);
});

async function addEndpoint(): Promise<string> {
  const { id } = await emulator.createEndpoint({ url, events: ['*'], secret });
  return id;
}

describe('the list', () => {
  it('is where the root leads, and says what to do while it is empty', async () => {
    const page = await browser.get('/');
    expect(page).toMatchObject({ status: 200, path: '/settings/webhooks' });
    expect(page.text).toContain('No endpoints yet');
    expect(page.html).toContain('href="/settings/webhooks/new"');
  });

  it('shows status and last result of each endpoint', async () => {
    const id = await addEndpoint();
    status = 503;
    const { deliveries } = await emulator.trigger('credits.low');
    await emulator.waitForAttempt(deliveries[0]!.id);
    const { text } = await browser.get('/settings/webhooks');
    expect(text).toMatch(/Enabled, failing.*All events.*Retry scheduled.*credits\.low.*HTTP 503/);
    await emulator.sender.disableEndpoint(id);
    expect((await browser.get('/settings/webhooks')).text).toContain('Disabled');
  });
});

describe('Add Webhook Endpoint', () => {
  it('saves the endpoint, shows the result of the ping, and the generated secret once', async () => {
    const page = await browser.post('/settings/webhooks', { url, scope: 'all' });
    const [endpoint] = (await emulator.sender.listEndpoints()).items;
    expect(endpoint).toMatchObject({ events: ['*'], accountId: emulator.accountId });
    expect(page.path).toMatch(`/settings/webhooks/${endpoint!.id}`);
    expect(page.text).toContain('The ping was answered with HTTP 200.');
    const generated = (await emulator.secretOf(endpoint!.id))!;
    expect(page.text).toContain(`HOSTWARES_WEBHOOK_SECRET=${generated}`);
    const again = await browser.get(page.path);
    expect(again.html).not.toContain(generated);
  });

  it('takes chosen events and a secret, which it does not show', async () => {
    const page = await browser.post('/settings/webhooks', {
      url,
      scope: 'some',
      events: ['credits.low', 'site.created'],
      secret,
    });
    const [endpoint] = (await emulator.sender.listEndpoints()).items;
    expect(endpoint!.events).toEqual(['credits.low', 'site.created']);
    expect(await emulator.secretOf(endpoint!.id)).toBe(secret);
    expect(page.html).not.toContain(secret);
  });

  it('says why a ping failed, and still saves', async () => {
    status = 401;
    const page = await browser.post('/settings/webhooks', { url, scope: 'all', secret });
    expect(page.text).toContain('The endpoint is saved. The ping failed: HTTP 401: {"from":"receiver"}');
  });

  it.each([
    ['a URL that is not one', { url: 'nonsense', scope: 'all' }, 'URL'],
    ['http: on another machine', { url: 'http://example.com/', scope: 'all' }, 'http: on another machine'],
    ['no event', { url: 'http://localhost:1/', scope: 'some' }, 'The list of events is empty'],
    ['a short secret', { url: 'http://localhost:1/', scope: 'all', secret: 'short-one' }, '16 characters'],
  ])('rejects %s, and keeps what was entered except the secret', async (_, fields, reason) => {
    const page = await browser.post('/settings/webhooks', fields);
    expect(page.status).toBe(422);
    expect(page.text).toContain(reason);
    expect(page.html).toContain(`value="${fields.url}"`);
    expect(page.html).not.toContain('short-one');
    expect((await emulator.sender.listEndpoints()).items).toHaveLength(0);
  });
});

describe('one endpoint', () => {
  it('saves another URL and other events', async () => {
    const id = await addEndpoint();
    const page = await browser.post(`/settings/webhooks/${id}`, {
      url: `${url}/other`,
      scope: 'some',
      events: 'credits.low',
    });
    expect(page.text).toContain('The endpoint is saved.');
    expect(await emulator.sender.getEndpoint(id)).toMatchObject({
      url: `${url}/other`,
      events: ['credits.low'],
    });
  });

  it('shows why a change was rejected, with what was entered', async () => {
    const id = await addEndpoint();
    const page = await browser.post(`/settings/webhooks/${id}`, { url: 'ftp://localhost/', scope: 'all' });
    expect(page.status).toBe(422);
    expect(page.html).toContain('value="ftp://localhost/"');
    expect((await emulator.sender.getEndpoint(id))!.url).toBe(`${url}/`);
  });

  it('pings, and leads to the attempt', async () => {
    const id = await addEndpoint();
    status = 500;
    const page = await browser.post(`/settings/webhooks/${id}/ping`);
    expect(page.text).toContain('The ping failed: HTTP 500');
    expect(page.html).toMatch(/href="\/deliveries\/dlv_\w+"/);
  });

  it('disables, holds, and enables with the release of what is held', async () => {
    const id = await addEndpoint();
    await browser.post(`/settings/webhooks/${id}/disable`);
    const { deliveries } = await emulator.trigger('credits.low');
    const held = await browser.get(`/settings/webhooks/${id}`);
    expect(held.text).toMatch(/Disabled.*you disabled it.*1 held delivery/);
    const page = await browser.post(`/settings/webhooks/${id}/enable`, { release: 'yes' });
    expect(page.text).toContain('The endpoint is enabled, and 1 held delivery released.');
    expect((await emulator.waitForAttempt(deliveries[0]!.id)).outcome).toBe('success');
  });

  it('enables without a release, and offers it afterwards', async () => {
    const id = await addEndpoint();
    await emulator.sender.disableEndpoint(id);
    await emulator.trigger('credits.low');
    await browser.post(`/settings/webhooks/${id}/enable`);
    expect((await browser.get(`/settings/webhooks/${id}`)).text).toContain('Send the held deliveries now');
  });

  it('rotates the secret after a confirmation, and shows a generated one once', async () => {
    const id = await addEndpoint();
    const confirmation = await browser.get(`/settings/webhooks/${id}/rotate`);
    expect(confirmation.text).toContain('This cannot be undone.');
    expect(await emulator.secretOf(id)).toBe(secret);
    const page = await browser.post(`/settings/webhooks/${id}/rotate`);
    const rotated = (await emulator.secretOf(id))!;
    expect(rotated).not.toBe(secret);
    expect(page.text).toContain(rotated);
    const short = await browser.post(`/settings/webhooks/${id}/rotate`, { secret: 'short' });
    expect(short).toMatchObject({ status: 422 });
    expect(await emulator.secretOf(id)).toBe(rotated);
  });

  it('is deleted after a confirmation', async () => {
    const id = await addEndpoint();
    expect((await browser.get(`/settings/webhooks/${id}/delete`)).text).toContain('This cannot be undone.');
    expect(await emulator.sender.getEndpoint(id)).toBeDefined();
    const page = await browser.post(`/settings/webhooks/${id}/delete`);
    expect(page.path).toMatch(/^\/settings\/webhooks\?/);
    expect(page.text).toContain('The endpoint is deleted.');
    expect(await emulator.sender.getEndpoint(id)).toBeUndefined();
    expect((await browser.get(`/settings/webhooks/${id}`)).status).toBe(404);
  });
});
