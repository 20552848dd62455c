import { withoutUndefined } from '../../shared/without-undefined.js';

/** Per account, of one `createSenderApi`: buckets are kept by the process, so two processes allow twice as much. */
export interface SenderApiLimits {
  /** Endpoints of an account; beyond it, creating one is rejected with 422. @default 100 */
  endpoints?: number | undefined;
  /** All requests, rejected with 429 beyond it. @default 600 */
  requestsPerMinute?: number | undefined;
  /** Pings, also those of new endpoints, rejected with 429 beyond it. @default 120 */
  pingsPerMinute?: number | undefined;
  /** Redeliveries, rejected with 429 beyond it. @default 120 */
  redeliveriesPerMinute?: number | undefined;
  /** Idempotency keys used within 24 hours, rejected with 429 beyond it. @default 10_000 */
  idempotencyKeys?: number | undefined;
}

type Limits = { readonly [Name in keyof SenderApiLimits]-?: number };

const defaults: Limits = {
  endpoints: 100,
  requestsPerMinute: 600,
  pingsPerMinute: 120,
  redeliveriesPerMinute: 120,
  idempotencyKeys: 10_000,
};

/** @throws `TypeError` for a limit that is unknown, or not a whole number above 0 */
export function checkLimits(limits: SenderApiLimits = {}): Limits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(defaults, name)) {
      throw new TypeError(`limits: ${name} is not a limit. Known: ${Object.keys(defaults).join(', ')}.`);
    }
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      throw new TypeError(`limits: ${name} must be a whole number above 0.`);
    }
  }
  return { ...defaults, ...withoutUndefined(limits) };
}

/** Result of taking one from a quota, with header fields as of draft-ietf-httpapi-ratelimit-headers-11. */
export interface QuotaResult {
  readonly isAllowed: boolean;
  readonly retryAfterSeconds: number;
  /** An item of `RateLimit-Policy`: the quota, and the seconds in which it fills. */
  readonly policy: string;
  /** An item of `RateLimit`: what is left, and the seconds until all of it is there again. */
  readonly limit: string;
}

/** So many a minute for each account: a token bucket that holds a minute's worth. */
export interface Quota {
  take(accountId: string): QuotaResult;
}

const minuteMs = 60_000;

/** Keeps one bucket for each account: accounts come from the API's keys, so there is a bounded number of them. */
export function createQuota(name: string, perMinute: number, now: () => number): Quota {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  const msPerToken = minuteMs / perMinute;
  return {
    take(accountId) {
      const nowMs = now();
      const { tokens: before, atMs } = buckets.get(accountId) ?? { tokens: perMinute, atMs: nowMs };
      // A clock that was set back adds nothing.
      const tokens = Math.min(perMinute, before + Math.max(0, nowMs - atMs) / msPerToken);
      const isAllowed = tokens >= 1;
      const left = isAllowed ? tokens - 1 : tokens;
      buckets.set(accountId, { tokens: left, atMs: nowMs });
      return {
        isAllowed,
        retryAfterSeconds: Math.max(1, Math.ceil(((1 - left) * msPerToken) / 1000)),
        policy: `"${name}";q=${perMinute};w=60`,
        limit: `"${name}";r=${Math.floor(left)};t=${Math.ceil(((perMinute - left) * msPerToken) / 1000)}`,
      };
    },
  };
}
