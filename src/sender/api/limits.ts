import { withoutUndefined } from '../../shared/without-undefined.js';
import type { ApiContext } from './context.js';
import { rejection } from './rejection.js';

/**
 * Limits of each account. The quotas per minute are token buckets in the memory of one `createSenderApi`: two processes
 * allow twice as much.
 */
export interface SenderApiLimits {
  /** Endpoints of an account. Creating more is rejected with 422. @default 100 */
  endpoints?: number | undefined;
  /** Requests per minute. More are rejected with 429. @default 600 */
  requestsPerMinute?: number | undefined;
  /** Pings per minute, including those of new endpoints. More are rejected with 429. @default 120 */
  pingsPerMinute?: number | undefined;
  /** Redeliveries per minute. More are rejected with 429. @default 120 */
  redeliveriesPerMinute?: number | undefined;
  /** Idempotency keys within 24 hours. More are rejected with 429. @default 10_000 */
  idempotencyKeys?: number | undefined;
}

/** The limits with their defaults. */
export type ApiLimits = { readonly [Name in keyof SenderApiLimits]-?: number };

const defaults: ApiLimits = {
  endpoints: 100,
  requestsPerMinute: 600,
  pingsPerMinute: 120,
  redeliveriesPerMinute: 120,
  idempotencyKeys: 10_000,
};

/** @throws `TypeError` if a limit is unknown or not a whole number above 0 */
export function resolveLimits(limits: SenderApiLimits = {}): ApiLimits {
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

/** The result of taking a token, with header fields as of draft-ietf-httpapi-ratelimit-headers-11. */
interface QuotaResult {
  readonly isAllowed: boolean;
  readonly retryAfterSeconds: number;
  /** An item of `RateLimit-Policy`: the size of the bucket, and the seconds in which it fills. */
  readonly policy: string;
  /** An item of `RateLimit`: the tokens that are left, and the seconds until the bucket is full. */
  readonly limit: string;
}

/** The names of the quotas, as they appear in `RateLimit`. */
export type QuotaName = 'requests' | 'pings' | 'redeliveries';

/** A token bucket per account that holds one minute's worth of tokens. */
export interface Quota {
  take(accountId: string): QuotaResult;
}

const minuteMs = 60_000;

/** Creates a quota. It keeps a bucket for each account that has an API key, so their number is bounded. */
export function createQuota(name: QuotaName, perMinute: number, now: () => number): Quota {
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

/**
 * Takes one token from the account's quota and reports the rest in the headers of the response.
 *
 * @throws a rejection with `Retry-After` if no token is left
 */
export function spend(c: ApiContext, quota: Quota): void {
  const { isAllowed, retryAfterSeconds, policy, limit } = quota.take(c.var.accountId);
  c.header('ratelimit-policy', policy, { append: true });
  c.header('ratelimit', limit, { append: true });
  if (isAllowed) return;
  c.header('retry-after', String(retryAfterSeconds));
  throw rejection(429, `too many requests: retry after ${retryAfterSeconds} s`);
}
