import { WebhookError } from '../errors.js';
import { eventKey } from '../events/key.js';
import type { EventEnvelope } from '../events/types.js';
import { callStore } from './call-store.js';
import { createHeldClaim, inProgress, type HeldClaim } from './held-claim.js';
import type { ReplayClaim, ReplayStore } from './store.js';

/** Replay protection, as an option of `createReceiver`. */
export interface ReplayOptions {
  /**
   * Remembers the ids of handled events. All processes of a service share one store. Two services must not: the platform sends an event to
   * each endpoint under the same id, so the second service would skip it as handled.
   */
  store: ReplayStore;
  /**
   * The maximum age of an event by its **signed** timestamp, in seconds. An older event is rejected (`event_expired`), and every id is
   * remembered for longer than that. The platform retries for 2 h 36 min, so a window below 3 hours loses events.
   * @default 86_400
   */
  windowSeconds?: number | undefined;
  /**
   * How long the claim of a process that died blocks the event, in seconds. A live process extends its claim while its handlers run.
   * @default 30
   */
  leaseSeconds?: number | undefined;
  /**
   * How long handlers may keep their claim, in seconds. After that `context.signal` fires, the response is `handler_timeout`, and the claim
   * is released, so that a handler that never ends cannot make every retry of its event fail. The platform retries after 10 s, 60 s, 5 min,
   * 30 min and 2 h (contract section 4).
   * @default 120
   */
  maxHandlingSeconds?: number | undefined;
  /**
   * The time limit of one call to the store, in milliseconds. After it the response is `replay_store_unavailable` (503).
   * @default 3_000
   */
  timeoutMs?: number | undefined;
}

/** The outcome of a claim: this process must handle the event, or the event was handled before. */
export type EventClaim = HeldClaim | Extract<ReplayClaim, { readonly status: 'done' }>;

/** Claims events, so that each is handled once. */
export interface ReplayGuard {
  /**
   * Claims an event for this process.
   *
   * @throws {@link WebhookError} `event_expired`, `replay_store_unavailable`, `duplicate_in_progress`
   */
  claim(event: Pick<EventEnvelope<string, unknown>, 'id' | 'account_id' | 'timestamp'>): Promise<EventClaim>;
}

/** The tolerance for a signed timestamp in the future if the verification has none, in seconds. */
const defaultToleranceSeconds = 300;

/** Rejects a timestamp that is older than the window, or further in the future than the tolerance. */
function checkAge(ageMs: number, windowMs: number, toleranceMs: number): void {
  // If the clock returns NaN, both comparisons are false and the event is rejected.
  if (ageMs <= windowMs && ageMs >= -toleranceMs) return;
  const hint =
    ageMs > 0
      ? `It is ${Math.round(ageMs / 1000)} s old: a replayed request, or an old event that was redelivered manually.`
      : `It is ${Math.round(-ageMs / 1000)} s ahead: this machine's clock is slow.`;
  throw new WebhookError('event_expired', 'The signed timestamp of the event is outside the window.', {
    hint,
  });
}

/** @param verification - Its tolerance also applies to a signed timestamp in the future. */
export function createReplayGuard(
  options: ReplayOptions,
  { toleranceSeconds, now }: { readonly toleranceSeconds: number | false; readonly now: () => number },
): ReplayGuard {
  const { store, timeoutMs = 3_000 } = options;
  const toleranceMs = (toleranceSeconds === false ? defaultToleranceSeconds : toleranceSeconds) * 1000;
  const windowMs = (options.windowSeconds ?? 86_400) * 1000;
  const leaseMs = (options.leaseSeconds ?? 30) * 1000;
  const maxHandlingMs = (options.maxHandlingSeconds ?? 120) * 1000;
  // An event whose timestamp is ahead of the clock must be remembered until it is too old.
  const ttlMs = windowMs + toleranceMs + leaseMs;

  return {
    async claim({ id, account_id, timestamp }) {
      checkAge(now() - Date.parse(timestamp), windowMs, toleranceMs);
      const key = await eventKey(account_id, id);
      const claim = await callStore(
        () => store.claim(key, { leaseMs, ttlMs }),
        timeoutMs,
        // Nobody waits for this claim any more, and it would block the event for a lease.
        (late) => late.status === 'claimed' && store.release(key, late.token),
      );
      switch (claim.status) {
        case 'claimed':
          return createHeldClaim(store, key, claim, { leaseMs, maxHandlingMs, timeoutMs });
        case 'done':
          return claim;
        case 'busy':
          throw inProgress('The same event is being handled now.', claim.retryAfterMs);
        default:
          // A store in JavaScript can answer with anything.
          throw new TypeError('The replay store answered a claim with neither claimed, done nor busy.');
      }
    },
  };
}
