import type { Exchange } from './request.js';

/** The requests of a run so far, for checks that judge several of them together. */
export interface RunLog {
  /** The first request: a genuine event. */
  baseline: Exchange | undefined;
  /** Genuine events that were sent once and acknowledged. */
  readonly acknowledged: AcknowledgedEvent[];
  /** Forged and malformed requests that were rejected. Their events must have no effect. */
  readonly rejected: { readonly eventId: string; readonly what: string }[];
  /** Forged requests that got no response in time. */
  readonly unanswered: string[];
  /** Forged requests that were answered with 5xx, or with the end of the connection. */
  readonly serverErrors: { readonly what: string; readonly answer: string }[];
  /** Responses that contained a secret or the expected signature. */
  readonly leaks: { readonly what: string; readonly leaked: string }[];
  /** Why the run ended early: the endpoint is gone, or does not respond. */
  stopped: string | undefined;
  /** The event of a handling that failed on purpose. */
  failedEvent: { readonly id: string; readonly type: string; readonly json: string } | undefined;
  /** The count of the probe at the first 2xx of many simultaneous deliveries. */
  countAtFirstResponse: number | undefined;
}

interface AcknowledgedEvent {
  readonly eventId: string;
  readonly type: string;
  readonly what: string;
  readonly durationMs: number;
}

export function createRunLog(): RunLog {
  return {
    baseline: undefined,
    acknowledged: [],
    rejected: [],
    unanswered: [],
    serverErrors: [],
    leaks: [],
    stopped: undefined,
    failedEvent: undefined,
    countAtFirstResponse: undefined,
  };
}
