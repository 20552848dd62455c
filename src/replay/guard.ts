import { WebhookError } from '../errors.js';
import { eventKey } from '../event-key.js';
import type { EventEnvelope } from '../events/types.js';
import type { ReplayClaim, ReplayStore } from './contract.js';

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
  /** How long the store may take for a step, in milliseconds; then `replay_store_unavailable` (503). @default 3_000 */
  timeoutMs?: number | undefined;
}

/** A claim on an event that this process is to handle. */
export interface HeldClaim {
  readonly status: 'claimed';
  readonly attempt: number | undefined;
  /** Extends the claim from now on: who lives keeps it. For handlers that are waited for; others have ended by then. */
  readonly hold: () => void;
  /**
   * Handled. False where the claim was lost meanwhile: another one's answer counts.
   *
   * @throws {@link WebhookError} `replay_store_unavailable`: it is not written down, so the event must come again.
   */
  complete(): boolean | Promise<boolean>;
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

function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as Partial<PromiseLike<Value>> | undefined)?.then === 'function';
}

/** Where nobody waits for what comes of it: the claim frees itself. */
async function quietly(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch {
    // As documented.
  }
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
    return isPromise(answer) ? inTime(answer, undo) : answer;
  }

  function inTime<Value>(answer: PromiseLike<Value>, undo?: (late: Value) => unknown): Promise<Value> {
    return new Promise((resolve, reject) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        reject(unavailable(new Error(`no answer within ${timeoutMs} ms`)));
      }, timeoutMs);
      // A thenable of somebody's own may throw, or settle twice.
      Promise.resolve(answer).then(
        (value) => {
          clearTimeout(timer);
          if (late) undo?.(value);
          else resolve(value);
        },
        (cause: unknown) => {
          clearTimeout(timer);
          reject(unavailable(cause));
        },
      );
    });
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
      const hashed = eventKey(account_id, id);
      const key = typeof hashed === 'string' ? hashed : await hashed;
      const claim = await step(
        () => store.claim(key, { leaseMs, ttlMs }),
        // Nobody waits for it any more: without this it would hold the event up for a lease.
        (late) => late.status === 'claimed' && quietly(() => store.release(key, late.token)),
      );
      const { status } = claim;
      if (status === 'done' || status === 'busy') return claim;
      // A store that says anything else is none, whatever its type was made to say.
      if ((status as unknown) !== 'claimed') {
        throw new TypeError('The replay store answered a claim with neither claimed, done nor busy.');
      }
      const { token, attempt } = claim;
      let beat: ReturnType<typeof setInterval> | undefined;
      const leave = (): void => {
        clearInterval(beat);
      };
      return {
        status,
        attempt,
        leave,
        hold() {
          // That it was lost all the same is found by `complete`.
          beat ??= setInterval(() => {
            void quietly(() => store.extend(key, token, leaseMs));
          }, leaseMs / 3);
        },
        complete() {
          leave();
          return step(() => store.complete(key, token));
        },
        release() {
          leave();
          return quietly(() => step(() => store.release(key, token)));
        },
      };
    },
  };
}
