/** One thing that was looked at, with its outcome. */
export interface Check {
  readonly outcome: 'pass' | 'fail' | 'tried' | 'info';
  readonly text: string;
}

/** A fault of a request. */
export interface Cause {
  /** The code that a receiver rejects the request with. */
  readonly code: string;
  /** The cause, and what to do about it. */
  readonly text: string;
  /** The proof, such as the form of the body that the signature matches. Absent if the cause is the likely one only. */
  readonly proof?: string | undefined;
}

/** The result of a diagnosis. */
export interface Diagnosis {
  readonly checks: readonly Check[];
  /** Empty if the request is genuine. */
  readonly causes: readonly Cause[];
  /** The event, if the signature matches the body. */
  readonly event?: { readonly type: string; readonly id: string } | undefined;
  /** Lines for `--show`: the signature of the capture, and those of its body. */
  readonly confidential: readonly string[];
}
