// The list of deliveries with its filters, and the page of one delivery.
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
    request
      .resume()
      .on('end', () => response.writeHead(status, { 'x-from': 'receiver' }).end('{"done":true}'));
  });
  url = await listen(server);
  emulator = await startEmulator();
  browser = new FormBrowser(emulator);
});
afterEach(async () => {
  await emulator.stop();
  await close(server);
});

async function deliver(type: string): Promise<string> {
  const { deliveries } = await emulator.trigger(type);
  await emulator.waitForAttempt(deliveries[0]!.id);
  return deliveries[0]!.id;
}

/** The ids of the deliveries that a page lists, in order. */
function listed(html: string): string[] {
  return [...html.matchAll(/data-key="(dlv_\w+)"/g)].map(([, id]) => id!);
}

describe('the list', () => {
  it('says what to do next while it is empty', async () => {
    expect((await browser.get('/deliveries')).text).toContain('Add it first');
    await emulator.createEndpoint({ url, events: ['*'], secret });
    expect((await browser.get('/deliveries?status=held')).text).toContain('No delivery matches');
  });

  it('filters by endpoint, event and status', async () => {
    const { id } = await emulator.createEndpoint({ url, events: ['*'], secret });
    const succeeded = await deliver('credits.low');
    status = 500;
    const retrying = await deliver('site.created');
    expect(listed((await browser.get('/deliveries?event=credits.low')).html)).toEqual([succeeded]);
    expect(listed((await browser.get('/deliveries?status=scheduled')).html)).toEqual([retrying]);
    expect(listed((await browser.get(`/deliveries?endpoint=${id}&event=ping`)).html)).toHaveLength(1);
    expect(listed((await browser.get('/deliveries?endpoint=wh_other')).html)).toEqual([]);
    expect(listed((await browser.get('/deliveries?status=nonsense')).html)).toHaveLength(3);
  });

  it('finds a delivery by its id, and those of an event by the id of the event', async () => {
    await emulator.createEndpoint({ url, events: ['*'], secret });
    await emulator.createEndpoint({ url: `${url}/second`, events: ['*'], secret });
    const { eventId, deliveries } = await emulator.trigger('credits.low');
    await deliver('site.created');
    const ids = deliveries.map(({ id }) => id);
    expect(listed((await browser.get(`/deliveries?q=${ids[1]}`)).html)).toEqual([ids[1]]);
    expect(listed((await browser.get(`/deliveries?q=+${eventId}+`)).html).sort()).toEqual(ids.sort());
    expect((await browser.get('/deliveries?q=evt_none')).text).toContain('No delivery matches');
  });

  it('has pages of 50, which keep the filters', async () => {
    const { id } = await emulator.createEndpoint({ url, events: ['*'], secret });
    await emulator.sender.disableEndpoint(id);
    for (let count = 0; count < 60; count += 1) await emulator.trigger('credits.low');
    const first = await browser.get('/deliveries?event=credits.low');
    expect(listed(first.html)).toHaveLength(50);
    const older = /href="(\/deliveries\?[^"]+)" rel="next"/.exec(first.html)![1]!.replaceAll('&amp;', '&');
    const second = await browser.get(older);
    expect(listed(second.html)).toHaveLength(10);
    expect(new Set([...listed(first.html), ...listed(second.html)]).size).toBe(60);
    expect(second.html).toContain('href="/deliveries?event=credits.low"');
    expect((await browser.get('/deliveries?cursor=nonsense')).status).toBe(200);
  });
});

describe('one delivery', () => {
  it('shows its attempts with request, response and the reason for the time of the next one', async () => {
    await emulator.createEndpoint({ url, events: ['*'], secret });
    status = 503;
    const id = await deliver('credits.low');
    await emulator.clock.jumpToNextRetry();
    const { text, html } = await browser.get(`/deliveries/${id}`);
    expect(text).toMatch(/Next attempt in (59 s|1 min) : retry 2 of 5, after 60 s\./);
    expect(text).toMatch(/Attempt 1 .*HTTP 503.*Attempt 2 .*HTTP 503/);
    expect(text).toContain('x-from receiver');
    expect(text).toContain('x-hostwares-signature');
    expect(text).toContain(`curl --globoff -X POST '${url}/'`);
    expect(html).toContain('{&quot;done&quot;:true}');
    expect(html).toContain('&quot;done&quot;: true');
  });

  it('names the fault that an attempt had', async () => {
    await emulator.createEndpoint({ url, events: ['*'], secret });
    emulator.faults.add('stale');
    const id = await deliver('credits.low');
    expect((await browser.get(`/deliveries/${id}`)).text).toContain(
      'Fault on purpose: the timestamp header is an hour old.',
    );
  });

  it('is delivered again', async () => {
    await emulator.createEndpoint({ url, events: ['*'], secret });
    const id = await deliver('credits.low');
    const page = await browser.post(`/deliveries/${id}/redeliver`);
    const redelivery = /^\/deliveries\/(dlv_\w+)\?/.exec(page.path)![1]!;
    expect(redelivery).not.toBe(id);
    expect(page.text).toContain('Redelivery, on request');
    expect((await emulator.waitForAttempt(redelivery)).outcome).toBe('success');
  });

  it('offers no redelivery if its endpoint was deleted, and says why there is none', async () => {
    const endpoint = await emulator.createEndpoint({ url, events: ['*'], secret });
    const id = await deliver('credits.low');
    await emulator.sender.deleteEndpoint(endpoint.id);
    expect((await browser.get(`/deliveries/${id}`)).text).not.toContain('Redeliver');
    expect((await browser.post(`/deliveries/${id}/redeliver`)).text).toContain('There is no endpoint');
  });

  it('answers 404 for an id that does not exist', async () => {
    const page = await browser.get('/deliveries/dlv_none');
    expect(page.status).toBe(404);
    expect(page.text).toContain('There is no delivery with the id dlv_none.');
  });
});
