/** How long a run waits. Tests shorten them. */
export interface Timings {
  /** The platform's limit for one attempt. */
  readonly responseMs: number;
  /** Slower responses than this are a warning. */
  readonly slowMs: number;
  /** The time between two pieces of a slow body. */
  readonly dripMs: number;
  /** How long an endpoint may wait for a body that never ends. */
  readonly unfinishedMs: number;
  /** How long an effect may take to arrive after a 2xx. */
  readonly settleMs: number;
  /** How long a second effect may take to arrive after the first. */
  readonly quietMs: number;
  /** The time between two questions to the probe, and between two attempts of a retry. */
  readonly pollMs: number;
}
