// The browser, the emulator and the receiver that the proofs of the dashboard use.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { startEmulator } from '../../dist/emulator.js';
import { createReceiver } from '../../dist/index.js';
import { createNodeHandler } from '../../dist/node.js';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const modes = [
  { name: 'light, wide', colorScheme: 'light', width: 1240 },
  { name: 'dark, wide', colorScheme: 'dark', width: 1240 },
  { name: 'light, narrow', colorScheme: 'light', width: 360 },
  { name: 'dark, narrow', colorScheme: 'dark', width: 360 },
];

let passed = 0;
let failed = 0;

export function check(name, isMet, detail = '') {
  if (isMet) passed += 1;
  else failed += 1;
  if (!isMet) console.log(`FAILED ${name} ${detail}`.trimEnd());
}

export function counts() {
  return { passed, failed };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // A name that an attacker has rebound to this machine.
      '--host-resolver-rules=MAP evil.example 127.0.0.1',
    ],
  });
}

/** Listens on a free port of loopback. */
export async function listen(handler, name = '127.0.0.1') {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://${name}:${server.address().port}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** An emulator, and a receiver of this package whose state the proofs change. */
export async function startPlatform() {
  const state = { secret: 'whsec_not_known_yet_to_the_receiver', isFailing: false, received: [] };
  const receiver = createReceiver({ secret: () => state.secret, logger: false });
  receiver.onAny((event) => {
    if (state.isFailing && event.event !== 'ping') throw new Error('down');
    state.received.push(event);
  });
  const server = await listen(createNodeHandler(receiver));
  const emulator = await startEmulator();
  return {
    emulator,
    state,
    target: `${server.url}/webhooks/hostwares`,
    async stop() {
      await emulator.stop();
      await server.close();
    },
  };
}

/** Opens a tab, and notes what goes wrong in it. */
export async function openTab(browser, mode, options = {}) {
  const context = await browser.newContext({
    viewport: { width: mode.width, height: options.height ?? 800 },
    colorScheme: mode.colorScheme,
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
    javaScriptEnabled: options.javaScriptEnabled ?? true,
  });
  const tab = await context.newPage();
  const faults = [];
  tab.setDefaultTimeout(15_000);
  tab.on('console', (message) => {
    // The browser reports the status of a rejected form, which the proofs provoke.
    const isExpected = /status of (403|404|422)/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !isExpected) faults.push(message.text());
  });
  tab.on('pageerror', (error) => faults.push(error.message));
  tab.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { tab, context, faults };
}

/** Checks what holds for every page: styled, accessible, within its width, without stray values. */
export async function checkPage(tab, name) {
  await tab.waitForLoadState('load');
  const rules = await tab.evaluate(() => [...document.styleSheets].map(({ cssRules }) => cssRules.length));
  check(`${name}: has its style`, rules.length === 1 && rules[0] > 100, `${rules.join()} rules`);
  await tab.evaluate(axeSource);
  const violations = await tab.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { iframes: false });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`.slice(0, 600));
  });
  check(`${name}: axe finds nothing serious`, violations.length === 0, violations.join('\n'));
  const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(`${name}: stays within its width`, overflow <= 0, `${overflow} px too wide`);
  const text = await tab.evaluate(() => document.body.innerText);
  const stray = /\bundefined\b|\bNaN\b|\[object/.exec(text);
  check(`${name}: shows no stray value`, !stray, stray?.[0]);
}
