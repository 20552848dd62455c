import { WebhookError } from '../errors.js';
import { callStore } from './call-store.js';
import type { ReplayClaim, ReplayStore } from './store.js';

/** The claim of this process on an event. Its methods may be called without the object. */
export interface HeldClaim {
  readonly status: 'claimed';
  readonly attempt: number | undefined;
  /**
   * Extends the claim until it is completed or released, and releases it after `maxHandlingMs`. Called when a handler returns a
   * promise; other handlers have ended by then.
   */
  readonly startHeartbeat: () => void;
  /**
   * Records in the store that the event was handled.
   *
   * @throws {@link WebhookError} `replay_store_unavailable` if that fails, so that the event must be retried;
   * `duplicate_in_progress` if the claim was lost, because another process may have it now.
   */
  readonly complete: () => Promise<void>;
  /** Frees the event for the next attempt of the platform. Never rejects. */
  readonly release: () => Promise<void>;
}

/** The times of a claim, in milliseconds. */
interface ClaimTimes {
  readonly leaseMs: number;
  readonly maxHandlingMs: number;
  /** The time limit of one call to the store. */
  readonly timeoutMs: number;
}

/** Ignores the failure of a call, since a claim expires by itself. */
async function ignoreErrors(act: () => unknown): Promise<void> {
  try {
    await act();
  } catch {
    // As documented.
  }
}

export function inProgress(message: string, retryAfterMs: number): WebhookError {
  return Object.assign(new WebhookError('duplicate_in_progress', message), { retryAfterMs });
}

/** Creates the object that completes, extends or releases a claim which the store has granted. */
export function createHeldClaim(
  store: ReplayStore,
  key: string,
  { token, attempt }: Extract<ReplayClaim, { readonly status: 'claimed' }>,
  { leaseMs, maxHandlingMs, timeoutMs }: ClaimTimes,
): HeldClaim {
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  let handlingLimit: ReturnType<typeof setTimeout> | undefined;

  function stopHeartbeat(): void {
    clearInterval(heartbeat);
    clearTimeout(handlingLimit);
  }

  function release(): Promise<void> {
    stopHeartbeat();
    return ignoreErrors(() => callStore(() => store.release(key, token), timeoutMs));
  }

  function startHeartbeat(): void {
    // Never reset, so that a released claim is not extended again.
    if (heartbeat) return;
    // A heartbeat that fails is followed by others, and `complete` notices a claim that was lost.
    heartbeat = setInterval(() => void ignoreErrors(() => store.extend(key, token, leaseMs)), leaseMs / 3);
    handlingLimit = setTimeout(() => void release(), maxHandlingMs);
  }

  async function complete(): Promise<void> {
    stopHeartbeat();
    if (await callStore(() => store.complete(key, token), timeoutMs)) return;
    throw inProgress('The claim was lost while the event was handled.', leaseMs);
  }

  return { status: 'claimed', attempt, startHeartbeat, complete, release };
}
