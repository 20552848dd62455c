// Attacks on the dashboard: from another site, from a rebound host name, and by what is delivered.
import { check, listen, openTab, startPlatform } from './dashboard-browser.mjs';

/** A page of the attacker that tries to drive the emulator in every way a page can. */
function attackPage(target, token) {
  return `<!doctype html><title>evil</title>
<form id="form" method="post" action="${target}/clock/pause" target="frame"><input name="token" value="${token}"></form>
<iframe name="frame" id="frame"></iframe><iframe id="embedded" src="${target}/deliveries"></iframe>
<script>
const results = (globalThis.results = {});
const attempt = (name, work) => work().then((value) => (results[name] = value), (error) => (results[name] = String(error)));
globalThis.ready = (async () => {
  await attempt('read', async () => (await fetch('${target}/emulator')).text());
  await attempt('clock', async () => (await fetch('${target}/emulator/clock', { method: 'POST', mode: 'no-cors', body: '{"action":"pause"}' })).type);
  await attempt('post', async () => (await fetch('${target}/clock/pause', { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ token: '${token}' }) })).type);
  await attempt('feed', () => new Promise((resolve) => {
    const feed = new EventSource('${target}/emulator/feed');
    feed.onopen = () => resolve('open'); feed.onerror = () => { feed.close(); resolve('closed'); };
  }));
  document.getElementById('form').submit();
  await new Promise((resolve) => setTimeout(resolve, 500));
  try { results.frame = document.getElementById('embedded').contentDocument?.body.innerText ?? 'closed'; } catch { results.frame = 'closed'; }
})();
</script>`;
}

async function attackFromElsewhere(browser, mode) {
  const platform = await startPlatform();
  const { emulator } = platform;
  const html = await (await fetch(`${emulator.url}/send`)).text();
  // Even with the token, which another site cannot read.
  const token = /name="token" value="([^"]+)"/.exec(html)[1];
  const { tab, context } = await openTab(browser, mode);
  const port = new URL(emulator.url).port;
  for (const name of ['127.0.0.1', 'localhost']) {
    const attacker = await listen((_, response) => {
      response.setHeader('content-type', 'text/html').end(attackPage(`http://127.0.0.1:${port}`, token));
    }, name);
    await tab.goto(attacker.url);
    const results = await tab.evaluate(async () => {
      await globalThis.ready;
      return globalThis.results;
    });
    check(`a page on ${name} cannot read`, /TypeError/.test(results.read), results.read);
    check(`a page on ${name} cannot follow the feed`, results.feed === 'closed', results.feed);
    check(
      `a page on ${name} cannot see a frame`,
      results.frame === 'closed' || results.frame === '',
      results.frame,
    );
    check(`a page on ${name} cannot change anything`, !emulator.clock.isPaused);
    await attacker.close();
  }
  for (const path of ['/deliveries', '/emulator', '/api/webhooks', '/assets/app.js']) {
    const response = await tab.goto(`http://evil.example:${port}${path}`);
    check(`a rebound name is rejected at ${path}`, response.status() === 403, String(response.status()));
  }
  await context.close();
  await platform.stop();
}

async function attackByContent(browser, mode) {
  const platform = await startPlatform();
  const { emulator } = platform;
  const script = `'"></textarea></script><script>globalThis.owned = 1</script><img src=x onerror="globalThis.owned = 1">`;
  const hostile = await listen((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(500, { 'x-evil': script, 'content-type': 'text/html' }).end(script);
    });
  });
  const endpoint = await emulator.createEndpoint({ url: `${hostile.url}/?q=${script}`, events: ['*'] });
  const fields = ['site_name', 'commit_message', 'domain', 'error', 'status', script];
  const { deliveries } = await emulator.trigger({
    id: `evt_${script}`,
    event: script,
    timestamp: new Date().toISOString(),
    account_id: emulator.accountId,
    data: Object.fromEntries(fields.map((name) => [name, script])),
  });
  await emulator.waitForAttempt(deliveries[0].id);
  await emulator.clock.runToEnd();
  const { tab, context, faults } = await openTab(browser, mode);
  const query = encodeURIComponent(script);
  for (const path of [
    '/settings/webhooks',
    `/settings/webhooks/${endpoint.id}`,
    `/settings/webhooks/${endpoint.id}/rotate`,
    '/deliveries',
    `/deliveries?q=evt_${query}&event=${query}&endpoint=${query}`,
    `/deliveries/${deliveries[0].id}`,
    `/deliveries/${query}`,
    `/send?event=${query}`,
    '/mailbox',
    `/mailbox/${emulator.mailbox.list()[0].id}`,
    '/clock',
  ]) {
    await tab.goto(emulator.url + path);
    // Long enough for an update of the live regions.
    await tab.waitForTimeout(1_000);
    const owned = await tab.evaluate(() => globalThis.owned);
    check(`a script in every field does nothing on ${path}`, owned === undefined);
    const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(`a script in every field stays within ${path}`, overflow <= 0, `${overflow} px`);
  }
  check('a script in every field reaches no console', faults.length === 0, faults.join('\n'));
  await context.close();
  await platform.stop();
  await hostile.close();
}

export async function runAttacks(browser, mode) {
  await attackFromElsewhere(browser, mode);
  await attackByContent(browser, mode);
}
