// Pictures of every page for docs/emulator: light and dark, wide and narrow, in one file per page.
import { mkdirSync, writeFileSync } from 'node:fs';
import { check, checkPage, listen, modes, openTab } from './dashboard-browser.mjs';
import { startEmulator } from '../../dist/emulator.js';

const heightPx = 740;
const gapPx = 16;

/** A receiver with a path for each kind of endpoint. */
function answer(request, response) {
  const statuses = { '/webhooks/staging': 503, '/webhooks/retired': 500 };
  const status = statuses[request.url] ?? 200;
  const body = status === 200 ? { received: true } : { error: 'the database is being migrated' };
  request.resume().on('end', () => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
}

/** Fills an emulator with a bit of everything, and returns the path of each page. */
async function prepare(emulator, url) {
  const { clock, faults, mailbox, sender } = emulator;
  const send = async (type) => {
    const { deliveries } = await emulator.trigger(type);
    await Promise.all(deliveries.map(({ id }) => emulator.waitForAttempt(id)));
    return deliveries;
  };
  await emulator.createEndpoint({ url: `${url}/webhooks/hostwares`, events: ['*'] });
  await emulator.createEndpoint({ url: `${url}/webhooks/retired`, events: ['site.created'] });
  await send('site.created');
  await clock.runToEnd();
  const staging = await emulator.createEndpoint({
    url: `${url}/webhooks/staging`,
    events: ['deployment.failed', 'alert.triggered'],
  });
  for (const type of ['deployment.started', 'deployment.completed', 'ssl.issued']) await send(type);
  faults.add('stale');
  await send('credits.low');
  const failing = (await send('deployment.failed')).find(({ endpointId }) => endpointId === staging.id);
  await clock.jumpToNextRetry();
  await clock.jumpToNextRetry();
  await send('alert.triggered');
  faults.add('duplicate', 2);
  faults.add('old-secret');
  const [retired] = (await sender.listEndpoints()).items.filter(({ status }) => status === 'disabled');
  return {
    webhooks: '/settings/webhooks',
    'add-endpoint': '/settings/webhooks/new',
    endpoint: `/settings/webhooks/${retired.id}`,
    deliveries: '/deliveries',
    delivery: `/deliveries/${failing.id}`,
    send: '/send',
    mailbox: `/mailbox/${mailbox.list()[0].id}`,
    clock: '/clock',
    faults: '/faults',
  };
}

/** Puts pictures side by side: the wide ones on the left, the narrow ones on the right. */
async function combine(browser, pictures) {
  const widthPx = 1240 + 360 + 3 * gapPx;
  const tab = await browser.newPage({ viewport: { width: widthPx, height: 2 * heightPx + 3 * gapPx } });
  const image = (picture) => `<img src="data:image/png;base64,${picture.toString('base64')}">`;
  await tab.setContent(
    `<style>body { margin: ${gapPx}px; background: #8a93a0; display: grid; gap: ${gapPx}px; grid-template-columns: 1240px 360px } img { display: block }</style>${pictures.map(image).join('')}`,
  );
  await tab.waitForFunction(() => [...document.images].every(({ complete }) => complete));
  const combined = await tab.screenshot();
  await tab.close();
  return combined;
}

export async function writePictures(browser) {
  const server = await listen(answer, 'localhost');
  const emulator = await startEmulator();
  const pages = await prepare(emulator, server.url);
  const folder = new URL('../../docs/emulator/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const [lightWide, darkWide, lightNarrow, darkNarrow] = modes;
  for (const [name, path] of Object.entries(pages)) {
    const pictures = [];
    for (const mode of [lightWide, lightNarrow, darkWide, darkNarrow]) {
      const { tab, context, faults } = await openTab(browser, mode, { height: heightPx });
      await tab.goto(emulator.url + path);
      pictures.push(await tab.screenshot());
      await checkPage(tab, `picture of ${name}, ${mode.name}`);
      if (process.env.PICTURES)
        await tab.screenshot({ fullPage: true, path: `${process.env.PICTURES}/${name}-${mode.name}.png` });
      check(`picture of ${name}, ${mode.name}: no error in the console`, faults.length === 0, faults[0]);
      await context.close();
    }
    writeFileSync(new URL(`${name}.png`, folder), await combine(browser, pictures));
    // The beginning of the README shows this one.
    if (name === 'delivery') writeFileSync(new URL('dashboard.png', folder), pictures[0]);
  }
  await emulator.stop();
  await server.close();
}
