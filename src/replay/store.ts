/**
 * What came of claiming an id: it is this caller's to handle; it was handled before; or another caller is handling
 * it at this moment.
 */
export type ReplayClaim =
  | {
      readonly status: 'claimed';
      readonly token: string;
      /** Which claim of this id it is, counted from 1, where the store counts them. */
      readonly attempt?: number | undefined;
    }
  | { readonly status: 'done' }
  | { readonly status: 'busy'; readonly retryAfterMs: number };

/** How long a claim holds, and how long an id is remembered, in milliseconds. */
export interface ReplayTimes {
  /** After it a claim that was neither completed, released nor extended is free again. */
  readonly leaseMs: number;
  /** After it the id is forgotten, completed or not. */
  readonly ttlMs: number;
}

/** What a store that has it at hand gives as it is, and any other promises. */
type MaybePromise<Value> = Value | PromiseLike<Value>;

/**
 * Remembers which events were handled. One store serves all processes of a receiver.
 *
 * Every step is one atomic operation. A token fences: a claim whose lease has passed can neither complete nor
 * release nor extend what its successor has claimed. A store that cannot answer must reject or throw: the receiver then
 * answers 503, and the platform tries again.
 */
export interface ReplayStore {
  claim(id: string, times: ReplayTimes): MaybePromise<ReplayClaim>;
  /** Marks the id as handled. False where the claim is not this token's any more. */
  complete(id: string, token: string): MaybePromise<boolean>;
  /** Frees the id, so that it can be claimed at once, by anybody but this token. False as for `complete`. */
  release(id: string, token: string): MaybePromise<boolean>;
  /** Holds a claim for longer: from now on so many milliseconds. False as for `complete`. */
  extend(id: string, token: string, leaseMs: number): MaybePromise<boolean>;
}
