// 10,000 deliveries: the time of the first page, and the memory of a page that is updated live.
import { check, listen, openTab } from './dashboard-browser.mjs';
import { startEmulator } from '../../dist/emulator.js';

const deliveries = 10_000;
const liveDeliveries = 3_000;
const firstPageMs = 100;

async function deliver(emulator, count) {
  let last;
  for (let index = 0; index < count; index += 1) {
    ({
      deliveries: [last],
    } = await emulator.trigger('deployment.completed'));
  }
  await emulator.waitForAttempt(last.id);
}

/** The median of the time that the process computes for a page. The waits of a busy machine are left out. */
async function medianMs(url) {
  const times = [];
  for (let run = 0; run < 9; run += 1) {
    const before = process.cpuUsage();
    await (await fetch(url)).text();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1_000);
  }
  return times.sort((a, b) => a - b)[4];
}

async function countMemory(session) {
  await session.send('HeapProfiler.collectGarbage');
  const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return { nodes, jsEventListeners, heapKb: Math.round(usedSize / 1_024) };
}

export async function runLoad(browser, mode) {
  const server = await listen((request, response) => request.resume().on('end', () => response.end()));
  const emulator = await startEmulator();
  await emulator.createEndpoint({ url: server.url, events: ['*'] });
  await deliver(emulator, deliveries);
  for (const path of [
    '/deliveries',
    '/deliveries?status=failed',
    '/deliveries?q=evt_none',
    '/settings/webhooks',
  ]) {
    const ms = await medianMs(emulator.url + path);
    console.log(`${path} with ${deliveries} deliveries: ${ms.toFixed(1)} ms`);
    check(`${path} takes less than ${firstPageMs} ms`, ms < firstPageMs, `${ms.toFixed(1)} ms`);
  }
  const { tab, context, faults } = await openTab(browser, mode);
  const session = await context.newCDPSession(tab);
  await tab.goto(`${emulator.url}/deliveries`);
  await deliver(emulator, 200);
  await tab.waitForTimeout(2_000);
  const before = await countMemory(session);
  await deliver(emulator, liveDeliveries);
  await tab.waitForTimeout(2_000);
  const after = await countMemory(session);
  console.log(`live page before and after ${liveDeliveries} deliveries:`, before, after);
  check(
    'live updates do not add nodes',
    after.nodes <= before.nodes * 1.1,
    `${before.nodes} → ${after.nodes}`,
  );
  check('live updates do not add listeners', after.jsEventListeners <= before.jsEventListeners + 2);
  check('live updates do not grow the heap', after.heapKb <= before.heapKb + 1_024, `${after.heapKb} KiB`);
  check('the page has 50 rows', (await tab.locator('tbody tr').count()) === 50);
  check('load: no error in the console', faults.length === 0, faults.join('\n'));
  await context.close();
  await emulator.stop();
  await server.close();
}
