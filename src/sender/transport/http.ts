import { ConnectionPool } from './connection-pool.js';
import { describeError, Exchange, type Target } from './exchange.js';
import type { AttemptResult } from '../records.js';
import type { OutgoingRequest, Transport } from './transport.js';
import type { UrlGuard } from './url-guard.js';

/** How many URLs are kept parsed and checked. */
const maxTargets = 10_000;

/**
 * Sends requests over HTTP/1.1, with connections kept alive and reused per origin. One deadline is over everything;
 * redirects are not followed; what is read of a response is bounded; and only addresses that the guard has checked
 * are connected to.
 */
export function createHttpTransport(guard: UrlGuard): Transport {
  const pools = { 'http:': new ConnectionPool(guard, false), 'https:': new ConnectionPool(guard, true) };
  const exchanges = new Set<Exchange>();
  /** The text of a URL always leads to the same target. */
  const targets = new Map<string, Target>();

  function targetOf(text: string): Target {
    const known = targets.get(text);
    if (known) return known;
    const url = guard.checkUrl(text);
    const protocol = url.protocol as keyof typeof pools;
    const target: Target = {
      pool: pools[protocol],
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || (protocol === 'https:' ? 443 : 80),
      host: url.host,
      path: url.pathname + url.search,
    };
    if (targets.size >= maxTargets) targets.clear();
    targets.set(text, target);
    return target;
  }

  return {
    send({ url, headers, body, timeoutMs }: OutgoingRequest) {
      return new Promise<AttemptResult>((resolve) => {
        try {
          const exchange = new Exchange(targetOf(url), headers, body, (result) => {
            clearTimeout(timer);
            exchanges.delete(exchange);
            resolve(result);
          });
          const timer = setTimeout(() => {
            exchange.expire(timeoutMs);
          }, timeoutMs);
          exchanges.add(exchange);
        } catch (error) {
          resolve({ timings: { totalMs: 0 }, error: describeError(error) });
        }
      });
    },
    close() {
      for (const exchange of exchanges) exchange.breakOff('the sender was stopped');
      for (const pool of Object.values(pools)) pool.destroy();
      return Promise.resolve();
    },
  };
}
