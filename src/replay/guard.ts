import { WebhookError } from '../errors.js';
import { eventKey } from '../event-key.js';
import type { EventEnvelope } from '../events/types.js';
import type { ReplayClaim, ReplayStore } from './contract.js';

/** Replay protection, as an option of `createReceiver`. */
export interface ReplayOptions {
  /** Where handled ids are remembered. All processes of a receiver share one. */
  store: ReplayStore;
  /**
   * An event whose **signed** timestamp is older is refused (`event_expired`), and every id is remembered for
   * longer than that, in seconds. The platform's own retries take 2 h 36 min, so less than 3 hours loses events.
   * @default 86_400
   */
  windowSeconds?: number;
  /**
   * How long the claim of a process that died holds up the event, in seconds. A process that lives keeps its claim
   * for as long as its handlers take.
   * @default 30
   */
  leaseSeconds?: number;
  /** How long the store may take for a step, in milliseconds; then `replay_store_unavailable` (503). @default 3_000 */
  timeoutMs?: number;
}

/** A claim on an event that this process is to handle. */
export interface HeldClaim {
  readonly status: 'claimed';
  readonly attempt: number | undefined;
  /**
   * Handled. False where the claim was lost meanwhile: another one's answer counts.
   *
   * @throws {@link WebhookError} `replay_store_unavailable`: it is not written down, so the event must come again.
   */
  complete(): Promise<boolean>;
  /** Not handled: the platform's next attempt shall be. Never rejects. */
  release(): Promise<void>;
  /** Extends no more: the claim frees itself, unless it is released before. */
  leave(): void;
}

/** Whether an event may be handled now. */
export type Entry = HeldClaim | Exclude<ReplayClaim, { readonly status: 'claimed' }>;

/** Lets an event through once. */
export interface ReplayGuard {
  /** @throws {@link WebhookError} `event_expired`, `replay_store_unavailable` */
  enter(event: Pick<EventEnvelope<string, unknown>, 'id' | 'account_id' | 'timestamp'>): Promise<Entry>;
  /** For `Retry-After` where a claim was lost. */
  readonly leaseMs: number;
}

/**
 * @param toleranceMs - How far a signed timestamp may be in the future.
 */
export function createReplayGuard(
  options: ReplayOptions,
  toleranceMs: number,
  now: () => number,
): ReplayGuard {
  const { store, timeoutMs = 3_000 } = options;
  const windowMs = (options.windowSeconds ?? 86_400) * 1000;
  const leaseMs = (options.leaseSeconds ?? 30) * 1000;
  // Whatever is let in at the edge of the future must be remembered until it is too old.
  const ttlMs = windowMs + toleranceMs + leaseMs;

  /**
   * A step of the store, within its time.
   *
   * @param undo - What came of it after that is undone.
   */
  async function step<Value>(
    act: () => Promise<Value>,
    undo: (late: Value) => unknown = () => undefined,
  ): Promise<Value> {
    let acting: Promise<Value> | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`no answer within ${timeoutMs} ms`));
        }, timeoutMs);
      });
      acting = act();
      return await Promise.race([acting, late]);
    } catch (cause) {
      acting?.then(undo).catch(() => undefined);
      throw new WebhookError('replay_store_unavailable', 'The replay store did not answer.', {
        hint: 'The event is not lost: the platform sends it again. Look at the store.',
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  function checkAge(timestamp: string): void {
    const ageMs = now() - Date.parse(timestamp);
    // Negated, so that a clock that gives NaN refuses.
    if (!(ageMs <= windowMs && ageMs >= -toleranceMs)) {
      throw new WebhookError('event_expired', 'The signed timestamp of the event is outside the window.', {
        hint:
          ageMs > 0
            ? `It is ${Math.round(ageMs / 1000)} s old: a replay, or a delivery by hand of an old event.`
            : `It is ${Math.round(-ageMs / 1000)} s ahead: this machine's clock is slow.`,
      });
    }
  }

  return {
    leaseMs,
    async enter({ id, account_id, timestamp }) {
      checkAge(timestamp);
      const key = await eventKey(account_id, id);
      const claim = await step(
        () => store.claim(key, { leaseMs, ttlMs }),
        // Nobody waits for it any more: without this it would hold the event up for a lease.
        (late) => late.status === 'claimed' && store.release(key, late.token),
      );
      if (claim.status !== 'claimed') return claim;
      const { status, token, attempt } = claim;
      // Who lives keeps its claim. That it was lost all the same is found by `complete`.
      const beat = setInterval(() => {
        store.extend(key, token, leaseMs).catch(() => undefined);
      }, leaseMs / 3);
      const leave = (): void => {
        clearInterval(beat);
      };
      return {
        status,
        attempt,
        leave,
        complete() {
          leave();
          return step(() => store.complete(key, token));
        },
        async release() {
          leave();
          await step(() => store.release(key, token)).catch(() => undefined);
        },
      };
    },
  };
}
