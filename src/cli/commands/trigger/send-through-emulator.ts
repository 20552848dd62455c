import { wait } from '../../abort.js';
import { ApiError, callApi } from '../../api-client.js';
import { CliError, exitCodes } from '../../cli-error.js';
import type { EmulatorConnection } from '../../emulator-client.js';
import { readOutcome } from '../../attempt-json.js';
import { isRecord } from '../../json.js';
import type { SendEvent, TriggerResult } from './result.js';

const firstPollMs = 20;
const maxPollMs = 500;

/** A JSON object of the API. */
type Json = Record<string, unknown>;

function toResult(event: Json, deliveryId: string, attempt: Json): TriggerResult {
  return {
    event: String(event.event),
    eventId: String(event.id),
    deliveryId,
    isSuccess: attempt.outcome === 'success',
    ...readOutcome(attempt),
  };
}

/** The result of an event or a delivery for which no request was sent. */
function notSent(event: Json, deliveryId: string | undefined, reason: string): TriggerResult {
  return {
    event: String(event.event),
    eventId: String(event.id),
    deliveryId,
    url: '',
    isSuccess: false,
    status: null,
    error: null,
    durationMs: null,
    responseHeaders: null,
    responseBody: null,
    notSent: reason,
  };
}

/** Waits until the first attempt of a delivery has ended. */
async function waitForAttempt(
  { url, apiKey }: EmulatorConnection,
  event: Json,
  deliveryId: string,
  signal: AbortSignal,
): Promise<TriggerResult> {
  for (let pollMs = firstPollMs; ; pollMs = Math.min(maxPollMs, pollMs * 2)) {
    const path = `/api/webhooks/deliveries/${encodeURIComponent(deliveryId)}`;
    const delivery = await callApi({ url: `${url}${path}`, apiKey, signal });
    const log: unknown = delivery.attempt_log;
    const attempt: unknown = Array.isArray(log) ? log[0] : undefined;
    if (isRecord(attempt) && attempt.outcome !== 'pending') return toResult(event, deliveryId, attempt);
    if (delivery.status === 'held') {
      return notSent(event, deliveryId, 'held: the endpoint is disabled. Enable it on the dashboard');
    }
    if (delivery.status === 'cancelled') return notSent(event, deliveryId, 'the endpoint was deleted');
    await wait(pollMs, signal);
  }
}

function explainNoDelivery({ accountId }: EmulatorConnection, event: Json): string {
  return event.account_id === accountId
    ? 'no endpoint is subscribed to it. Add one: dev --forward-to URL, or the dashboard'
    : `no endpoint of the account ${String(event.account_id)} exists; the emulator's account is ${accountId}`;
}

/** Creates a function that publishes events in an emulator, and waits for the first attempt of each delivery. */
export function createEmulatorSender(emulator: EmulatorConnection, signal: AbortSignal): SendEvent {
  return async (event) => {
    let published: Json;
    try {
      published = await callApi({
        url: `${emulator.url}/emulator/events`,
        method: 'POST',
        body: event,
        signal,
      });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === undefined) throw error;
      throw new CliError(`The emulator rejected the event: ${error.message}`, exitCodes.failed);
    }
    const deliveries = (Array.isArray(published.deliveries) ? published.deliveries : []).filter(isRecord);
    if (deliveries.length === 0) return [notSent(event, undefined, explainNoDelivery(emulator, event))];
    return Promise.all(deliveries.map(({ id }) => waitForAttempt(emulator, event, String(id), signal)));
  };
}
