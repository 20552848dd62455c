import type { AttemptResult } from '../records.js';
import { ConnectionPool } from './connection-pool.js';
import { describeError } from './describe-error.js';
import { Exchange } from './exchange.js';
import { Targets } from './targets.js';
import type { OutgoingRequest, Transport } from './transport.js';
import type { UrlGuard } from './url-guard.js';

/**
 * Creates the transport that sends requests over HTTP/1.1 and keeps connections alive per origin. One deadline covers
 * the whole request, redirects are not followed, the response is read up to a limit, and connections are opened only
 * to addresses that the guard has checked.
 */
export function createHttpTransport(guard: UrlGuard): Transport {
  const pools = { 'http:': new ConnectionPool(guard, false), 'https:': new ConnectionPool(guard, true) };
  const targets = new Targets(guard, pools);
  const exchanges = new Set<Exchange>();

  function start(request: OutgoingRequest, done: (result: AttemptResult) => void): void {
    const { url, headers, body, timeoutMs } = request;
    const exchange = new Exchange(targets.get(url), headers, body, (result) => {
      clearTimeout(timer);
      exchanges.delete(exchange);
      done(result);
    });
    const timer = setTimeout(() => {
      exchange.expire(timeoutMs);
    }, timeoutMs);
    exchanges.add(exchange);
  }

  return {
    send(request) {
      return new Promise((resolve) => {
        try {
          start(request, resolve);
        } catch (error) {
          resolve({ timings: { totalMs: 0 }, error: describeError(error) });
        }
      });
    },
    close() {
      for (const exchange of exchanges) exchange.abort('the sender was stopped');
      for (const pool of Object.values(pools)) pool.destroy();
      return Promise.resolve();
    },
  };
}
