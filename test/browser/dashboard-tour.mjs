// Clicks through every page and every action of the dashboard.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { check, checkPage, openTab, startPlatform } from './dashboard-browser.mjs';

async function addEndpoint({ tab, say, platform }) {
  const { emulator, state, target } = platform;
  await tab.goto(emulator.url);
  await checkPage(tab, say('empty list of endpoints'));
  await tab.keyboard.press('Tab');
  await tab.keyboard.press('Enter');
  check(
    say('the first key press leads to the content'),
    await tab.evaluate(() => document.activeElement?.id === 'content'),
  );
  for (const section of ['Deliveries', 'Mailbox', 'Clock', 'Faults', 'Send']) {
    await tab.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: section }).click();
    await tab.getByRole('heading', { level: 1, name: section }).waitFor();
    await checkPage(tab, say(`${section}, empty`));
  }
  await tab.goto(`${emulator.url}/settings/webhooks`);
  await tab.getByRole('link', { name: 'Add Webhook Endpoint' }).click();
  await tab.getByLabel('URL').fill('http://example.com/');
  await tab.getByRole('button', { name: 'Save' }).click();
  await tab.getByRole('alert').waitFor();
  await checkPage(tab, say('rejected endpoint'));
  await tab.getByLabel('URL').fill(target);
  await tab.getByLabel('Only these').check();
  await tab.getByLabel('credits.low').check();
  await checkPage(tab, say('form of an endpoint'));
  await tab.getByLabel('All events').check();
  await tab.getByRole('button', { name: 'Save' }).click();
  await tab.getByText('The ping failed: HTTP 401').waitFor();
  const [endpoint] = (await emulator.sender.listEndpoints()).items;
  state.secret = await emulator.secretOf(endpoint.id);
  const shown = await tab.locator('#new-secret').innerText();
  check(say('the generated secret is shown'), shown === `HOSTWARES_WEBHOOK_SECRET=${state.secret}`, shown);
  await checkPage(tab, say('new endpoint'));
  await tab.reload();
  check(say('the secret is shown once'), !(await tab.content()).includes(state.secret));
  await tab.getByRole('button', { name: 'Ping' }).click();
  await tab.getByText('The ping was answered with HTTP 200.').waitFor();
  await tab.getByLabel('Only these').check();
  await tab.getByLabel('credits.low').check();
  await tab.getByRole('button', { name: 'Save' }).click();
  await tab.getByText('The endpoint is saved.').waitFor();
  const saved = await emulator.sender.getEndpoint(endpoint.id);
  check(say('events are saved'), saved.events.join() === 'credits.low', saved.events.join());
  await tab.getByLabel('All events').check();
  await tab.getByRole('button', { name: 'Save' }).click();
  await tab.getByText('The endpoint is saved.').waitFor();
  return endpoint.id;
}

async function send({ tab, platform }, type) {
  await tab.goto(`${platform.emulator.url}/send?event=${type}`);
  await tab.getByRole('button', { name: 'Send', exact: true }).click();
  await tab.getByRole('heading', { level: 1, name: type }).waitFor();
  return new URL(tab.url()).pathname.split('/').at(-1);
}

async function useEditor(tour) {
  const { tab, say, platform } = tour;
  await tab.goto(`${platform.emulator.url}/send`);
  const editor = tab.getByLabel('Event as JSON');
  await tab.getByLabel('Sample').selectOption('ssl.issued');
  await tab.waitForFunction(() => document.querySelector('#editor').value.includes('ssl.issued'));
  await editor.fill('{"event": "ssl.issued",\n  "data": oops}');
  await tab.getByText(/Not JSON: .*line 2/).waitFor();
  await checkPage(tab, say('editor with a mistake'));
  await tab.getByRole('button', { name: 'Send', exact: true }).click();
  await tab.getByText(/Not JSON: .*line 2/).waitFor();
  await editor.fill('{"event": "ssl.issued", "data": {"domain": "shop.example.com"}}');
  await tab.getByText('Valid. It goes to 1 endpoint.').waitFor();
  await checkPage(tab, say('editor'));
  await tab.getByRole('button', { name: 'Send', exact: true }).click();
  await tab.getByRole('heading', { level: 1, name: 'ssl.issued' }).waitFor();
  await tab.locator('#delivery-status').getByText('Succeeded').waitFor();
  await checkPage(tab, say('delivery'));
}

async function useDelivery({ tab, say, platform }) {
  const body = tab.locator('#attempts').locator('.body').first();
  await body.getByRole('radio', { name: 'Raw' }).check();
  check(say('the raw body is shown'), await body.locator('.raw').isVisible());
  check(say('the pretty body is hidden'), !(await body.locator('.pretty').isVisible()));
  await tab.getByText('As a curl command').click();
  await tab.getByRole('button', { name: 'Copy as curl' }).click();
  await tab.getByRole('button', { name: 'Copied' }).waitFor();
  const command = await tab.evaluate(() => navigator.clipboard.readText());
  const { stdout } = await promisify(execFile)('sh', ['-c', `${command} -sS`]);
  check(say('the copied command is accepted by the receiver'), stdout === '{"received":true}', stdout);
  const receivedBefore = platform.state.received.length;
  await tab.getByRole('button', { name: 'Redeliver' }).click();
  await tab.getByText('This is the new delivery of the same event.').waitFor();
  await tab.locator('#delivery-status').getByText('Succeeded').waitFor();
  check(say('the event is delivered again'), platform.state.received.length === receivedBefore + 1);
}

async function useList(tour) {
  const { tab, say, platform } = tour;
  const id = await send(tour, 'credits.low');
  const { event } = await platform.emulator.sender.getDelivery(id);
  await tab.goto(`${platform.emulator.url}/deliveries`);
  const rows = tab.locator('tbody tr');
  await checkPage(tab, say('list of deliveries'));
  await tab.getByLabel('Event', { exact: true }).selectOption('credits.low');
  await tab.waitForURL(/event=credits\.low/);
  check(say('the list is filtered by event'), (await rows.count()) === 1);
  await tab.getByLabel('Status').selectOption('failed');
  await tab.getByText('No delivery matches').waitFor();
  await checkPage(tab, say('empty filter'));
  await tab.getByRole('link', { name: 'Clear' }).click();
  for (const searched of [id, event.id]) {
    await tab.getByLabel('Delivery or event id').fill(searched);
    await tab.getByLabel('Delivery or event id').press('Enter');
    await tab.waitForURL(new RegExp(`q=${searched}`));
    const keys = await rows.evaluateAll((all) => all.map((row) => row.dataset.key));
    check(say(`the search finds ${searched.slice(0, 3)}`), keys.join() === id, keys.join());
  }
  await tab.goto(`${platform.emulator.url}/deliveries`);
  await tab.getByLabel('Delivery or event id').focus();
  const before = await rows.count();
  await platform.emulator.trigger('alert.triggered');
  await tab.locator('tbody tr').filter({ hasText: 'alert.triggered' }).getByText('Succeeded').waitFor();
  check(say('a new delivery appears by itself'), (await rows.count()) === before + 1);
  check(
    say('an update keeps the focus'),
    await tab.evaluate(() => document.activeElement?.id === 'filter-q'),
  );
}

async function useFaults(tour) {
  const { tab, say, platform } = tour;
  await tab.goto(`${platform.emulator.url}/faults`);
  await tab.getByLabel('Tampered').check();
  await tab.getByRole('button', { name: 'Add' }).click();
  await tab.getByText('The fault is added.').waitFor();
  await checkPage(tab, say('faults'));
  await send(tour, 'site.created');
  await tab.getByText('one byte of the body was changed after signing').waitFor();
  await tab.getByText('HTTP 401').first().waitFor();
  await checkPage(tab, say('delivery with a fault'));
  await tab.goto(`${platform.emulator.url}/faults`);
  await tab.getByLabel('Delayed').check();
  await tab.getByLabel('Number of attempts').fill('3');
  await tab.getByRole('button', { name: 'Add' }).click();
  await tab.getByText(/Delayed.*the next 3 attempts/).waitFor();
  await tab.getByRole('button', { name: 'Clear' }).click();
  await tab.getByText('No faults wait any more.').waitFor();
}

async function useClock(tour) {
  const { tab, say, platform } = tour;
  // The tampered delivery is retried first, so that it does not fail with the next one.
  await platform.emulator.clock.runToEnd();
  platform.state.isFailing = true;
  const id = await send(tour, 'deployment.failed');
  await tab
    .getByText(/retry 1 of 5, after 10 s/)
    .first()
    .waitFor();
  await tab.goto(`${platform.emulator.url}/clock`);
  await tab.getByRole('button', { name: 'Pause' }).click();
  await tab.locator('#clock').getByText('Paused').waitFor();
  await checkPage(tab, say('paused clock'));
  await tab.getByRole('button', { name: 'Resume' }).click();
  await tab.locator('#clock').getByText('Running').waitFor();
  await tab.getByRole('button', { name: 'Jump to the next attempt' }).click();
  await tab.getByText('The clock is at the next attempt').waitFor();
  await tab.getByRole('button', { name: 'Run to the end of the schedule' }).click();
  await tab.getByText('All scheduled attempts have been made.').waitFor();
  await tab.goto(`${platform.emulator.url}/deliveries/${id}`);
  await tab.getByText('all retries have failed').first().waitFor();
  await checkPage(tab, say('failed delivery'));
  await tab.goto(`${platform.emulator.url}/mailbox`);
  await checkPage(tab, say('mailbox'));
  await tab.getByRole('link', { name: /Webhook endpoint disabled/ }).click();
  await tab
    .frameLocator('iframe')
    .getByRole('heading', { name: 'Your webhook endpoint was disabled' })
    .waitFor();
  await checkPage(tab, say('e-mail'));
}

async function useEndpoint(tour, id) {
  const { tab, say, platform } = tour;
  platform.state.isFailing = false;
  const held = await send(tour, 'domain.configured');
  await tab.locator('#delivery-status').getByText('Held').waitFor();
  await tab.goto(`${platform.emulator.url}/settings/webhooks`);
  await checkPage(tab, say('list of endpoints'));
  await tab.locator('tbody').getByRole('link', { name: platform.target }).click();
  await tab.getByRole('button', { name: 'Enable' }).waitFor();
  await checkPage(tab, say('disabled endpoint'));
  await tab.getByRole('button', { name: 'Enable' }).click();
  await tab.getByText('1 held delivery released').waitFor();
  const attempt = await platform.emulator.waitForAttempt(held);
  check(say('the held delivery is released'), attempt.outcome === 'success', attempt.outcome);
  await tab.getByRole('button', { name: 'Disable' }).click();
  await tab.getByText('The endpoint is disabled.').waitFor();
  await tab.getByRole('link', { name: 'Rotate secret…' }).click();
  await tab.getByRole('button', { name: 'Rotate the secret' }).waitFor();
  await checkPage(tab, say('rotation'));
  await tab.getByRole('button', { name: 'Rotate the secret' }).click();
  await tab.getByText(await platform.emulator.secretOf(id)).waitFor();
  await tab.getByRole('link', { name: 'Delete…' }).click();
  await tab.getByRole('button', { name: 'Delete the endpoint' }).waitFor();
  await checkPage(tab, say('deletion'));
  await tab.getByRole('link', { name: 'Cancel' }).click();
  check(say('Cancel deletes nothing'), (await platform.emulator.sender.getEndpoint(id)) !== undefined);
  await tab.getByRole('link', { name: 'Delete…' }).click();
  await tab.getByRole('button', { name: 'Delete the endpoint' }).click();
  await tab.getByText('The endpoint is deleted.').waitFor();
  check(say('the endpoint is gone'), (await platform.emulator.sender.getEndpoint(id)) === undefined);
  await tab.goto(`${platform.emulator.url}/deliveries/dlv_none`);
  await checkPage(tab, say('page that does not exist'));
}

/** Goes through the dashboard in one colour scheme and width. */
export async function runTour(browser, mode) {
  const platform = await startPlatform();
  const { tab, context, faults } = await openTab(browser, mode);
  const tour = { tab, platform, say: (what) => `${mode.name}: ${what}` };
  try {
    const id = await addEndpoint(tour);
    await useEditor(tour);
    await useDelivery(tour);
    await useList(tour);
    await useFaults(tour);
    await useClock(tour);
    await useEndpoint(tour, id);
  } finally {
    if (process.env.PICTURES) await tab.screenshot({ path: `${process.env.PICTURES}/last-${mode.name}.png` });
    await context.close();
    await platform.stop();
  }
  check(`${mode.name}: no error in the console`, faults.length === 0, faults.join('\n'));
}

/** The main actions with plain forms, as a browser without scripts makes them. */
export async function runWithoutScript(browser, mode) {
  const platform = await startPlatform();
  const { tab, context } = await openTab(browser, mode, { javaScriptEnabled: false });
  try {
    await tab.goto(`${platform.emulator.url}/settings/webhooks/new`);
    await tab.getByLabel('URL').fill(platform.target);
    await tab.getByLabel('Signing secret').fill(platform.state.secret);
    await tab.getByRole('button', { name: 'Save' }).click();
    await tab.getByText('The ping was answered with HTTP 200.').waitFor();
    await tab.goto(`${platform.emulator.url}/send`);
    await tab.getByLabel('Sample').selectOption('site.deleted');
    await tab.getByRole('button', { name: 'Load the sample' }).click();
    check(
      'without script: the sample is loaded',
      (await tab.getByLabel('Event as JSON').inputValue()).includes('site.deleted'),
    );
    platform.state.isFailing = true;
    await tab.getByRole('button', { name: 'Send', exact: true }).click();
    await tab.getByRole('heading', { level: 1, name: 'site.deleted' }).waitFor();
    await tab.goto(`${platform.emulator.url}/clock`);
    await tab.getByRole('button', { name: 'Run to the end of the schedule' }).click();
    await tab.getByText('All scheduled attempts have been made.').waitFor();
    await tab.goto(`${platform.emulator.url}/settings/webhooks`);
    await tab.locator('tbody').getByRole('link', { name: platform.target }).click();
    await tab.getByRole('link', { name: 'Delete…' }).click();
    await tab.getByRole('button', { name: 'Delete the endpoint' }).click();
    await tab.getByText('The endpoint is deleted.').waitFor();
    check('without script: every form works', true);
  } finally {
    await context.close();
    await platform.stop();
  }
}
