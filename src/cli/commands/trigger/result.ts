import { describeFailure, type RequestOutcome } from '../../describe-failure.js';
import { formatDuration } from '../../format.js';
import { escapeControls, hideSignatures, truncate, type Style } from '../../style.js';

/** One request that `trigger` caused. */
export interface TriggerResult extends RequestOutcome {
  readonly event: string;
  readonly eventId: string;
  /** Undefined for a request that did not go through an emulator. */
  readonly deliveryId: string | undefined;
  readonly durationMs: number | null;
  readonly isSuccess: boolean;
  /** Says why no request was sent; undefined if one was. */
  readonly notSent?: string | undefined;
}

/** Sends one event, and resolves to the requests that it caused. */
export type SendEvent = (event: Record<string, unknown>) => Promise<readonly TriggerResult[]>;

const maxResponseLength = 500;

function describeResult(result: TriggerResult): string | undefined {
  return result.isSuccess ? undefined : (result.notSent ?? describeFailure(result));
}

/** Formats a request as one line: event, status, duration, reason of a failure, response. */
export function formatResult(result: TriggerResult, style: Style): string {
  const { event, status, durationMs, responseBody, isSuccess } = result;
  const colour = isSuccess ? style.green : style.red;
  const response = truncate(escapeControls(hideSignatures((responseBody ?? '').trim())), maxResponseLength);
  return [
    escapeControls(truncate(event, 60)).padEnd(20),
    colour(String(status ?? '---')),
    (durationMs === null ? '' : formatDuration(durationMs)).padStart(7),
    escapeControls(describeResult(result) ?? ''),
    style.dim(response),
  ]
    .filter((part) => part !== '')
    .join('  ')
    .trimEnd();
}

export function toResultJson(result: TriggerResult): object {
  return {
    event: result.event,
    event_id: result.eventId,
    delivery_id: result.deliveryId ?? null,
    url: result.url,
    ok: result.isSuccess,
    status: result.status,
    duration_ms: result.durationMs,
    reason: describeResult(result) ?? null,
    response: result.responseBody,
  };
}
