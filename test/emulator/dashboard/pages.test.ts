// Send, Mailbox, Clock and Faults.
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventTypes, parseEvent } from '../../../src/index.js';
import { startEmulator, type Emulator } from '../../../src/emulator/index.js';
import { close, listen } from '../../support/http-server.js';
import { decodeEntities, FormBrowser } from './browser.js';

const secret = 'whsec_secret_of_the_dashboard';
let emulator: Emulator;
let browser: FormBrowser;
let server: Server;
let url: string;
let status: number;

beforeEach(async () => {
  status = 200;
  server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status).end());
  });
  url = await listen(server);
  emulator = await startEmulator();
  browser = new FormBrowser(emulator);
});
afterEach(async () => {
  await emulator.stop();
  await close(server);
});

function editorText(html: string): string {
  return decodeEntities(/<textarea[^>]*>\n([^]*)<\/textarea>/.exec(html)![1]!);
}

async function validate(body: string): Promise<{ kind: string; message: string }> {
  const form = new URLSearchParams({ token: await browser.token(), body });
  const response = await fetch(`${emulator.url}/send/validate`, { method: 'POST', body: form });
  return (await response.json()) as { kind: string; message: string };
}

describe('Send', () => {
  it.each(eventTypes)('prefills the editor with the sample of %s', async (type) => {
    const { html } = await browser.get(`/send?event=${type}`);
    const event = JSON.parse(editorText(html)) as Record<string, unknown>;
    expect(event).toMatchObject({ event: type, account_id: emulator.accountId });
    const sample = await fetch(`${emulator.url}/send/sample?event=${type}`);
    expect(await sample.json()).toEqual(event);
  });

  it('sends the event, completed with id and timestamp, and leads to its delivery', async () => {
    await emulator.createEndpoint({ url, events: ['*'], secret });
    const body = JSON.stringify({ event: 'credits.low', data: { balance: 3 } });
    const page = await browser.post('/send', { body });
    const id = /^\/deliveries\/(dlv_\w+)\?/.exec(page.path)![1]!;
    const { event } = (await emulator.sender.getDelivery(id))!;
    expect(parseEvent(event.body)).toMatchObject({
      event: 'credits.low',
      account_id: emulator.accountId,
      data: { balance: 3 },
    });
  });

  it('leads to the list if several endpoints receive the event', async () => {
    await emulator.createEndpoint({ url, events: ['*'], secret });
    await emulator.createEndpoint({ url, events: ['*'], secret });
    const body = JSON.stringify({ id: 'evt_mine', event: 'credits.low', data: { balance: 3 } });
    expect((await browser.post('/send', { body })).path).toMatch(/^\/deliveries\?q=evt_mine&/);
    expect((await browser.post('/send', { body })).text).toContain('was sent before, so nothing was added');
  });

  it('says so if nobody is subscribed', async () => {
    const page = await browser.post('/send', { body: '{"event":"credits.low","data":{"balance":3}}' });
    expect(page.path).toMatch(/^\/send\?/);
    expect(page.text).toContain('no endpoint is subscribed to it');
  });

  it('keeps a text that is not valid, with the reason', async () => {
    const page = await browser.post('/send', { body: '\n{"event": </textarea><b>}' });
    expect(page.status).toBe(422);
    expect(editorText(page.html)).toBe('\n{"event": </textarea><b>}');
    expect(page.text).toContain('Not JSON');
  });

  it('judges a text as sending does', async () => {
    await emulator.createEndpoint({ url, events: ['credits.low'], secret });
    expect(await validate('{"event":"credits.low","data":{}}')).toEqual({
      kind: 'valid',
      message: 'Valid. It goes to 1 endpoint.',
    });
    expect(await validate('{"event":"site.created","data":{}}')).toMatchObject({ kind: 'warning' });
    const foreign = await validate('{"event":"credits.low","account_id":"acc_2","data":{}}');
    expect(foreign).toMatchObject({ kind: 'warning' });
    expect(await validate('{"event":"credits.low"}')).toEqual({
      kind: 'invalid',
      message: "The event's data is missing or malformed.",
    });
    expect((await validate('{"event":"ping","data":{}}')).message).toContain('A ping cannot be published');
    expect((await validate('{\n  "event": x\n}')).message).toBe(
      'Not JSON: unexpected "x" at line 2, column 12.',
    );
    expect((await validate('')).message).toBe('Not JSON: unexpected end at line 1, column 1.');
    expect((await validate('[]')).message).toContain('An event is a JSON object');
    const large = `{"event":"credits.low","data":{"text":"${'x'.repeat(300_000)}"}}`;
    expect((await validate(large)).message).toContain('more than the 262144 allowed');
  });
});

describe('Mailbox', () => {
  it('says how an e-mail comes about while it is empty', async () => {
    expect((await browser.get('/mailbox')).text).toContain('No e-mails yet');
  });

  it('shows an e-mail as text, and as HTML in a frame that runs and loads nothing', async () => {
    await emulator.createEndpoint({ url, events: ['*'], secret });
    status = 500;
    const { deliveries } = await emulator.trigger('credits.low');
    await emulator.waitForAttempt(deliveries[0]!.id);
    await emulator.clock.runToEnd();
    const [mail] = emulator.mailbox.list();
    expect((await browser.get('/mailbox')).text).toContain(mail!.subject);
    const page = await browser.get(`/mailbox/${mail!.id}`);
    expect(page.text).toContain('Your webhook endpoint was disabled');
    expect(page.html).toMatch(/<iframe [^>]*sandbox=""/);
    const response = await fetch(`${emulator.url}/mailbox/${mail!.id}/html`);
    expect(await response.text()).toBe(mail!.html);
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
    );
  });

  it('answers 404 for an e-mail that does not exist', async () => {
    expect((await browser.get('/mailbox/mail_none')).status).toBe(404);
    expect((await browser.get('/mailbox/mail_none/html')).status).toBe(404);
  });
});

describe('Clock', () => {
  it('pauses and resumes', async () => {
    expect((await browser.post('/clock/pause')).text).toContain('Paused');
    expect(emulator.clock.isPaused).toBe(true);
    expect((await browser.post('/clock/resume')).text).toContain('Running');
    expect(emulator.clock.isPaused).toBe(false);
  });

  it('jumps to the next attempt, and runs to the end of the schedule', async () => {
    await emulator.createEndpoint({ url, events: ['*'], secret });
    status = 500;
    const { deliveries } = await emulator.trigger('credits.low');
    const id = deliveries[0]!.id;
    await emulator.waitForAttempt(id);
    expect((await browser.get('/clock')).text).toMatch(/Scheduled attempts.*credits\.low 2/);
    expect((await browser.post('/clock/jump')).text).toContain('The clock is at the next attempt');
    expect((await emulator.sender.getDelivery(id))!.attempts).toHaveLength(2);
    const page = await browser.post('/clock/run');
    expect(page.text).toContain('All scheduled attempts have been made.');
    expect(page.text).toMatch(/2 h 36 min ahead/);
    expect((await emulator.sender.getDelivery(id))!.delivery.status).toBe('failed');
    expect((await browser.post('/clock/jump')).text).toContain('No attempt is scheduled');
  });
});

describe('Faults', () => {
  it('adds a number of a kind, lists them, and clears them', async () => {
    expect((await browser.get('/faults')).text).toContain('No faults wait');
    const page = await browser.post('/faults', { kind: 'old-secret', count: '3' });
    expect(page.text).toContain('Old secret : the next 3 attempts');
    expect(emulator.faults.list()).toEqual([{ kind: 'old-secret', remaining: 3 }]);
    await browser.post('/faults/clear');
    expect(emulator.faults.list()).toEqual([]);
  });

  it.each([
    { kind: 'nonsense', count: '1' },
    { kind: 'delay', count: '0' },
    { kind: 'delay', count: 'x' },
  ])('rejects $count of $kind', async (fields) => {
    const page = await browser.post('/faults', fields);
    expect(page.html).toContain('role="alert"');
    expect(emulator.faults.list()).toEqual([]);
  });
});
