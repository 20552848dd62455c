import { WebhookError } from '../errors.js';
import { eventKey } from '../events/key.js';
import type { EventEnvelope } from '../events/types.js';
import { withTimeout } from '../shared/with-timeout.js';
import type { ReplayClaim, ReplayStore } from './store.js';

/** Replay protection, as an option of `createReceiver`. */
export interface ReplayOptions {
  /**
   * Where handled ids are remembered. All processes of a service share one, and no two services: the platform sends
   * an event to each endpoint under the same id, and who comes second takes it for handled.
   */
  store: ReplayStore;
  /**
   * An event whose **signed** timestamp is older is refused (`event_expired`), and every id is remembered for
   * longer than that, in seconds. The platform's own retries take 2 h 36 min, so less than 3 hours loses events.
   * @default 86_400
   */
  windowSeconds?: number | undefined;
  /**
   * How long the claim of a process that died holds up the event, in seconds. A process that lives keeps its claim
   * for as long as its handlers take.
   * @default 30
   */
  leaseSeconds?: number | undefined;
  /**
   * How long handlers may keep their claim, in seconds. After that `context.signal` fires, the response is
   * `handler_timeout`, and the claim is released, so that a handler that never ends cannot make every retry
   * of its event fail. The platform's retries come 10 s, 60 s, 5 min, 30 min and 2 h apart (contract section 4).
   * @default 120
   */
  maxHandlingSeconds?: number | undefined;
  /** How long the store may take for a step, in milliseconds; then `replay_store_unavailable` (503). @default 3_000 */
  timeoutMs?: number | undefined;
}

/** A claim on an event that this process is to handle. */
export interface HeldClaim {
  readonly status: 'claimed';
  readonly attempt: number | undefined;
  /**
   * Extends the claim from now on, for at most `maxHandlingSeconds`, then releases it. Called when a handler is
   * awaited; others have ended by then.
   */
  readonly hold: () => void;
  /**
   * Stores that the event is handled.
   *
   * @throws {@link WebhookError} `replay_store_unavailable`: it is not stored, so the event must be retried;
   * `duplicate_in_progress`: the claim was lost meanwhile, and its successor decides.
   */
  complete(): Promise<void>;
  /** Not handled: the platform's next attempt shall be. Never rejects. */
  release(): Promise<void>;
}

/** Whether an event is to be handled now, or has been handled before. */
export type Entry = HeldClaim | Extract<ReplayClaim, { readonly status: 'done' }>;

/** Lets an event through once. */
export interface ReplayGuard {
  /** @throws {@link WebhookError} `event_expired`, `replay_store_unavailable`, `duplicate_in_progress` */
  enter(event: Pick<EventEnvelope<string, unknown>, 'id' | 'account_id' | 'timestamp'>): Promise<Entry>;
}

function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as Partial<PromiseLike<Value>> | undefined)?.then === 'function';
}

/** For steps whose failure changes nothing, since a claim expires by itself. */
async function ignoreErrors(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch {
    // As documented.
  }
}

function inProgress(message: string, retryAfterMs: number): WebhookError {
  return Object.assign(new WebhookError('duplicate_in_progress', message), { retryAfterMs });
}

/** @param verification - Its tolerance says how far a signed timestamp may be in the future; 300 s if it has none. */
export function createReplayGuard(
  options: ReplayOptions,
  { toleranceSeconds, now }: { readonly toleranceSeconds: number | false; readonly now: () => number },
): ReplayGuard {
  const toleranceMs = (toleranceSeconds === false ? 300 : toleranceSeconds) * 1000;
  const { store, timeoutMs = 3_000 } = options;
  const windowMs = (options.windowSeconds ?? 86_400) * 1000;
  const leaseMs = (options.leaseSeconds ?? 30) * 1000;
  const maxHandlingMs = (options.maxHandlingSeconds ?? 120) * 1000;
  // Whatever is let in at the edge of the future must be remembered until it is too old.
  const ttlMs = windowMs + toleranceMs + leaseMs;

  function unavailable(cause: unknown): WebhookError {
    const hint = 'The event is not lost: the platform sends it again. Look at the store.';
    return new WebhookError('replay_store_unavailable', 'The replay store did not answer.', { hint, cause });
  }

  /**
   * A step of the store, within its time.
   *
   * @param undo - What came of it after that is undone.
   */
  function step<Value>(
    act: () => Value | PromiseLike<Value>,
    undo?: (late: Value) => unknown,
  ): Value | Promise<Value> {
    let answer;
    try {
      answer = act();
    } catch (cause) {
      throw unavailable(cause);
    }
    if (!isPromise(answer)) return answer;
    const onTimeout = undo && (() => void Promise.resolve(answer).then(undo, () => undefined));
    const code = 'replay_store_unavailable';
    return withTimeout(answer, { timeoutMs, code, subject: 'replay store', onTimeout }).catch(
      (cause: unknown) => {
        throw unavailable(cause);
      },
    );
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
    async enter({ id, account_id, timestamp }) {
      checkAge(timestamp);
      const hashed = eventKey(account_id, id);
      const key = typeof hashed === 'string' ? hashed : await hashed;
      const claim = await step(
        () => store.claim(key, { leaseMs, ttlMs }),
        // Nobody waits for it any more: without this it would hold the event up for a lease.
        (late) => late.status === 'claimed' && ignoreErrors(() => store.release(key, late.token)),
      );
      const { status } = claim;
      if (status === 'done') return claim;
      if (status === 'busy') throw inProgress('The same event is being handled now.', claim.retryAfterMs);
      // A store that says anything else is none, whatever its type was made to say.
      if ((status as unknown) !== 'claimed') {
        throw new TypeError('The replay store answered a claim with neither claimed, done nor busy.');
      }
      const { token, attempt } = claim;
      let heartbeat: ReturnType<typeof setInterval> | undefined;
      let limit: ReturnType<typeof setTimeout> | undefined;
      const stopHeartbeat = (): void => {
        clearInterval(heartbeat);
        clearTimeout(limit);
      };
      const release = (): Promise<void> => {
        stopHeartbeat();
        return ignoreErrors(() => step(() => store.release(key, token)));
      };
      return {
        status,
        attempt,
        release,
        hold() {
          if (heartbeat) return;
          // If the claim is lost all the same, `complete` finds out.
          heartbeat = setInterval(() => {
            void ignoreErrors(() => store.extend(key, token, leaseMs));
          }, leaseMs / 3);
          limit = setTimeout(() => void release(), maxHandlingMs);
        },
        async complete() {
          stopHeartbeat();
          const completing = step(() => store.complete(key, token));
          // A store in memory has completed by now; waiting a turn of the microtask queue for it gains nothing.
          if (!(typeof completing === 'boolean' ? completing : await completing)) {
            throw inProgress('The claim was lost while the event was handled.', leaseMs);
          }
        },
      };
    },
  };
}
