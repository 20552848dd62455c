/** The JSON of responses: names as the platform writes them, times as ISO 8601, and no secrets. */
import type { AttemptRecord, AttemptTimings, DeliveryRecord } from '../records.js';
import type { DeliveryDetails, Page } from '../stores/store.js';
import type { Endpoint, PingResult } from '../types.js';

function toTimeJson(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

export function toPageJson<Item>(
  { items, nextCursor }: Page<Item>,
  toJson: (item: Item) => object,
): { data: object[]; next_cursor: string | null } {
  return { data: items.map((item) => toJson(item)), next_cursor: nextCursor ?? null };
}

export function toEndpointJson(endpoint: Endpoint): object {
  return {
    id: endpoint.id,
    url: endpoint.url,
    events: endpoint.events,
    status: endpoint.status,
    disabled_reason: endpoint.disabledReason,
    disabled_at: toTimeJson(endpoint.disabledAtMs),
    failing_since: toTimeJson(endpoint.failingSinceMs),
    last_error: endpoint.lastError,
    created_at: toTimeJson(endpoint.createdAtMs),
  };
}

/**
 * Reduces the result of a ping to coarse categories. Only the delivery's attempt log says why there was no response, so
 * that pings are of little use for probing other people's hosts.
 */
export function toPingJson({ ok, deliveryId, status, error }: PingResult): object {
  const response = error?.startsWith('HTTP ') === true ? error : `HTTP ${status}: an incomplete response`;
  const failure = status === null ? 'no response: the attempt log of the delivery says why' : response;
  return { ok, delivery_id: deliveryId, status, error: ok ? null : failure };
}

export function toDeliveryJson(delivery: DeliveryRecord): object {
  return {
    id: delivery.id,
    webhook_id: delivery.endpointId,
    event_id: delivery.eventId,
    event: delivery.eventType,
    kind: delivery.kind,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: toTimeJson(delivery.dueAtMs),
    created_at: toTimeJson(delivery.createdAtMs),
  };
}

function toTimingsJson(timings: AttemptTimings): object {
  return {
    dns: timings.dnsMs ?? null,
    connect: timings.connectMs ?? null,
    tls: timings.tlsMs ?? null,
    wait: timings.waitMs ?? null,
    body: timings.bodyMs ?? null,
    total: timings.totalMs,
  };
}

function toAttemptJson({ result, ...attempt }: AttemptRecord): object {
  return {
    number: attempt.number,
    url: attempt.url,
    started_at: toTimeJson(attempt.startedAtMs),
    ended_at: toTimeJson(attempt.endedAtMs),
    outcome: attempt.outcome,
    address: result?.address ?? null,
    timings_ms: result && toTimingsJson(result.timings),
    request_headers: attempt.requestHeaders,
    status: result?.status ?? null,
    response_headers: result?.responseHeaders ?? null,
    response_body: result?.responseBody ?? null,
    error: result?.error ?? null,
    note: result?.note ?? null,
    next_attempt_at: toTimeJson(attempt.nextAttemptAtMs),
    reason: attempt.reason,
  };
}

/** A delivery with its attempt log (contract section 4). `request_body` is the text that was signed. */
export function toDeliveryDetailsJson({ delivery, event, attempts }: DeliveryDetails): object {
  return {
    ...toDeliveryJson(delivery),
    request_body: new TextDecoder().decode(event.body),
    attempt_log: attempts.map(toAttemptJson),
  };
}
