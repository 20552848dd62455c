import type { AttemptResult } from '../../../sender/records.js';
import { createHttpTransport } from '../../../sender/transport/http.js';
import { createUrlGuard } from '../../../sender/transport/url-guard.js';
import { packageVersion } from '../../../sender/version.js';
import { signPayload } from '../../../signing/signature.js';
import type { SendEvent, TriggerResult } from './result.js';

/** The platform's deadline of an attempt (contract section 4), in milliseconds. */
const timeoutMs = 15_000;

function toResult(event: Record<string, unknown>, url: string, result: AttemptResult): TriggerResult {
  const { status, error, timings, responseHeaders, responseBody } = result;
  return {
    event: String(event.event),
    eventId: String(event.id),
    deliveryId: undefined,
    url,
    isSuccess: error === undefined && status !== undefined && status >= 200 && status < 300,
    status: status ?? null,
    error: error ?? null,
    durationMs: timings.totalMs,
    responseHeaders: responseHeaders ?? null,
    responseBody: responseBody ?? null,
  };
}

/** Creates a function that signs events and sends each once, straight to a URL. */
export function createDirectSender(
  url: string,
  secret: string,
): { send: SendEvent; close: () => Promise<void> } {
  // The URL has been checked; the user's own machine is a legitimate target.
  const transport = createHttpTransport(createUrlGuard(true));
  return {
    async send(event) {
      const body = new TextEncoder().encode(JSON.stringify(event));
      const headers = {
        'content-type': 'application/json',
        'user-agent': `Hostwares-Webhooks/${packageVersion}`,
        'x-hostwares-signature': await signPayload(body, secret),
        'x-hostwares-timestamp': String(Math.floor(Date.now() / 1000)),
      };
      return [toResult(event, url, await transport.send({ url, headers, body, timeoutMs }))];
    },
    close: () => transport.close(),
  };
}
