import type { AttemptRecord, DeliveryRecord } from '../records.js';
import type { DeliveryDetails } from '../stores/store.js';
import type { Endpoint, PingResult } from '../types.js';

function time(ms: number): string;
function time(ms: number | null): string | null;
function time(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** As JSON: names as the platform writes them, times as ISO 8601, and no secret. */
export function toPublicEndpoint(endpoint: Endpoint): object {
  return {
    id: endpoint.id,
    url: endpoint.url,
    events: endpoint.events,
    status: endpoint.status,
    disabled_reason: endpoint.disabledReason,
    disabled_at: time(endpoint.disabledAtMs),
    failing_since: time(endpoint.failingSinceMs),
    last_error: endpoint.lastError,
    created_at: time(endpoint.createdAtMs),
  };
}

/**
 * The result of a ping, in coarse categories: why there was no response is said by the owner's delivery log alone, so
 * that pings are of little use to probe other people's hosts.
 */
export function toPublicPing({ ok, deliveryId, status, error }: PingResult): object {
  const response = error?.startsWith('HTTP ') === true ? error : `HTTP ${status}: an incomplete response`;
  const reason = status === null ? 'no response: the attempt log of the delivery says why' : response;
  return { ok, delivery_id: deliveryId, status, error: ok ? null : reason };
}

export function toPublicDelivery(delivery: DeliveryRecord): object {
  return {
    id: delivery.id,
    webhook_id: delivery.endpointId,
    event_id: delivery.eventId,
    event: delivery.eventType,
    kind: delivery.kind,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: time(delivery.dueAtMs),
    created_at: time(delivery.createdAtMs),
  };
}

function toPublicAttempt({ result, ...attempt }: AttemptRecord): object {
  return {
    number: attempt.number,
    url: attempt.url,
    started_at: time(attempt.startedAtMs),
    ended_at: time(attempt.endedAtMs),
    outcome: attempt.outcome,
    address: result?.address ?? null,
    timings_ms: result && {
      dns: result.timings.dnsMs ?? null,
      connect: result.timings.connectMs ?? null,
      tls: result.timings.tlsMs ?? null,
      wait: result.timings.waitMs ?? null,
      body: result.timings.bodyMs ?? null,
      total: result.timings.totalMs,
    },
    request_headers: attempt.requestHeaders,
    status: result?.status ?? null,
    response_headers: result?.responseHeaders ?? null,
    response_body: result?.responseBody ?? null,
    error: result?.error ?? null,
    next_attempt_at: time(attempt.nextAttemptAtMs),
    reason: attempt.reason,
  };
}

/** All there is to see of a delivery (contract section 4). The body is the text that was signed. */
export function toPublicDetails({ delivery, event, attempts }: DeliveryDetails): object {
  return {
    ...toPublicDelivery(delivery),
    request_body: new TextDecoder().decode(event.body),
    attempt_log: attempts.map(toPublicAttempt),
  };
}
