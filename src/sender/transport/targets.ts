import type { ConnectionPool } from './connection-pool.js';
import type { UrlGuard } from './url-guard.js';

/** The destination of a request, derived from its URL. */
export interface Target {
  readonly pool: ConnectionPool;
  /** Without brackets if it is an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  /** The value of the Host header. */
  readonly host: string;
  readonly path: string;
}

/** A pool per scheme. */
export interface ConnectionPools {
  readonly 'http:': ConnectionPool;
  readonly 'https:': ConnectionPool;
}

const maxCached = 10_000;

/** Checks and parses URLs, and caches the targets: the check of a URL always has the same result. */
export class Targets {
  private readonly cache = new Map<string, Target>();

  constructor(
    private readonly guard: UrlGuard,
    private readonly pools: ConnectionPools,
  ) {}

  /** @throws {@link SenderError} `invalid_url` */
  get(text: string): Target {
    const cached = this.cache.get(text);
    if (cached) return cached;
    const target = this.toTarget(this.guard.checkUrl(text));
    if (this.cache.size >= maxCached) this.cache.clear();
    this.cache.set(text, target);
    return target;
  }

  private toTarget(url: URL): Target {
    const isSecure = url.protocol === 'https:';
    return {
      pool: this.pools[isSecure ? 'https:' : 'http:'],
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port) || (isSecure ? 443 : 80),
      host: url.host,
      path: url.pathname + url.search,
    };
  }
}
