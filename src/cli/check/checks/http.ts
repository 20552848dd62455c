import { describeExchange, isAcknowledged, isRejected } from '../describe-exchange.js';
import { fail, pass, skip, warn } from '../outcomes.js';
import type { Check } from '../types.js';

const get: Check = {
  id: 'get',
  group: 'http',
  title: 'answers GET with 404 or 405',
  why: 'A route for every method also answers browsers, crawlers and previews of links. A 2xx shows that the method is not checked.',
  fix: 'Mount the handler for POST only (`app.post`, not `app.all` or `app.use`), and answer 405 to other methods.',
  severity: 'minor',
  async run({ client }) {
    const end = await client.send('', { what: 'a GET request', method: 'GET', signature: [], timestamp: [] });
    if (isRejected(end)) return pass();
    const got = `A GET request got ${describeExchange(end)}`;
    return isAcknowledged(end) ? fail(`${got}.`) : warn(`${got} instead of 404 or 405.`);
  },
};

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const responseTime: Check = {
  id: 'response-time',
  group: 'http',
  title: 'responds well within 15 s',
  why: 'The platform gives up after 15 s, DNS and TLS included, and retries. Under load a slow endpoint exceeds that.',
  fix: 'Put long work into a durable queue and answer when it has the event (docs/queues.md).',
  severity: 'major',
  async run({ log, timings }) {
    const slowest = [...log.acknowledged].sort((a, b) => b.durationMs - a.durationMs)[0];
    if (!slowest) return Promise.resolve(skip('No event was acknowledged.'));
    const seen = `The slowest response took ${seconds(slowest.durationMs)}, to ${slowest.what}.`;
    return Promise.resolve(slowest.durationMs > timings.slowMs ? warn(seen) : pass(seen));
  },
};

/** The method and the response. */
export const httpChecks: readonly Check[] = [get, responseTime];
