/**
 * The outcome of a claim: `claimed` for the caller that must handle the event, `done` if it was handled before, `busy` while another caller
 * handles it.
 */
export type ReplayClaim =
  | {
      readonly status: 'claimed';
      readonly token: string;
      /** The number of claims of this id including this one. Undefined if the store does not count them. */
      readonly attempt?: number | undefined;
    }
  | { readonly status: 'done' }
  | { readonly status: 'busy'; readonly retryAfterMs: number };

/** The lifetimes of a claim and of an id, in milliseconds from the claim. */
export interface ReplayTimes {
  /** After it the id can be claimed again, unless it was completed or the claim was extended. */
  readonly leaseMs: number;
  /** After it the id is forgotten, completed or not. */
  readonly ttlMs: number;
}

/** A store that waits for nothing may answer with a value instead of a promise. */
type MaybePromise<Value> = Value | PromiseLike<Value>;

/**
 * Remembers which events were handled. All processes of a receiver share one store.
 *
 * Every method is one atomic operation. The token protects a claim from its predecessors: after the lease has expired and another
 * caller has claimed the id, the old token can neither complete nor release nor extend it. A store that cannot answer must reject or
 * throw, so that the receiver answers 503 and the platform retries.
 */
export interface ReplayStore {
  /** Claims the id, unless it is done or has a live claim. */
  claim(id: string, times: ReplayTimes): MaybePromise<ReplayClaim>;
  /** Marks the id as handled. Returns false if the token no longer holds the claim. */
  complete(id: string, token: string): MaybePromise<boolean>;
  /** Ends the claim, so that the id can be claimed again at once. Returns false as `complete` does. */
  release(id: string, token: string): MaybePromise<boolean>;
  /** Renews the lease, in milliseconds from now. Returns false as `complete` does. */
  extend(id: string, token: string, leaseMs: number): MaybePromise<boolean>;
}
