// Renders every event as each provider shows it, and checks the pages for mentions, forged links, stray values and overflow.
//   node test/browser/pictures.mjs           runs the checks
//   node test/browser/pictures.mjs --write   also writes docs/notifiers/*.png
import { writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { eventTypes } from '../../dist/index.js';
import { toDiscordMessage, toPagerDutyEvent, toSlackMessage } from '../../dist/notifiers.js';
import { sampleEvent } from '../../dist/testing.js';
import { discordHtml, page, pagerDutyHtml, slackHtml } from './preview.mjs';

const types = [...eventTypes, 'ping', 'unknown'];
const timestamp = '2026-01-31T08:00:00.000Z';
const routingKey = 'r0000000000000000000000000000000';
const fixed = { timestamp, id: 'evt_7d0c2a91' };
const events = types.map((type) =>
  sampleEvent(type, type === 'unknown' ? { ...fixed, type: 'site.paused' } : fixed),
);
const evil =
  '@everyone <!channel> <@U123> [x](https://evil.example) <https://evil.example|bank> *b* _i_ ~s~ `c` ||x|| ``` \u202Egnp.exe';
const hostile = types.map((type) => {
  const sample = sampleEvent(type, fixed);
  const data = Object.fromEntries(
    Object.keys(sample.data).map((key) => [key, `${evil} ${'W'.repeat(9000)}`]),
  );
  return { ...sample, data };
});

/** Links as an application adds them: for deployments only. */
const links = ({ data: { deployment_id } }) =>
  deployment_id && {
    logs: `https://logs.example.com/${encodeURIComponent(deployment_id.slice(0, 40))}`,
    dashboard: 'https://dashboard.example.com/shop',
  };

const pages = {
  slack: (event) => slackHtml(toSlackMessage(event, { links })),
  discord: (event) => discordHtml(toDiscordMessage(event, { links })),
  pagerduty(event) {
    const incident = toPagerDutyEvent(event, { routingKey, links });
    const triggerAll = { routingKey, links, alsoTrigger: types };
    return pagerDutyHtml(incident ?? toPagerDutyEvent(event, triggerAll), !incident);
  },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
let passed = 0;
let failed = 0;
function check(name, isMet, detail = '') {
  if (isMet) passed += 1;
  else failed += 1;
  console.log(`${isMet ? 'ok    ' : 'FAILED'} ${name} ${isMet ? '' : detail}`.trimEnd());
}
try {
  const tab = await browser.newPage({ viewport: { width: 1240, height: 800 } });
  for (const [provider, toHtml] of Object.entries(pages)) {
    for (const [name, shown] of Object.entries({ samples: events, hostile })) {
      await tab.setContent(page(provider, shown.map(toHtml)));
      const text = await tab.evaluate(() => document.body.innerText);
      const strayValue = /undefined|null|NaN|\[object/.exec(text);
      check(`${provider}, ${name}: shows no stray value`, !strayValue, strayValue?.[0]);
      const mentions = await tab.locator('mark').allInnerTexts();
      check(`${provider}, ${name}: mentions nobody`, mentions.length === 0, mentions[0]);
      const links = await tab.locator('a').evaluateAll((all) => all.map((a) => a.href));
      const forged = links.filter((href) => /evil\.example/.test(href));
      check(`${provider}, ${name}: no forged link`, forged.length === 0, forged[0]);
      const overflow = await tab.evaluate(() => document.documentElement.scrollWidth > 1240);
      check(`${provider}, ${name}: stays within its width`, !overflow);
      if (process.argv.includes('--write') && name === 'samples') {
        writeFileSync(
          new URL(`../../docs/notifiers/${provider}.png`, import.meta.url),
          await tab.screenshot({ fullPage: true }),
        );
      }
      if (process.env.PICTURES)
        await tab.screenshot({ fullPage: true, path: `${process.env.PICTURES}/${provider}-${name}.png` });
    }
  }
} finally {
  await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
