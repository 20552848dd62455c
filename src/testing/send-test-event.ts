import { createSignedRequest, type TestEvent } from './signed-request.js';
import type { Secret } from '../signing/secrets.js';

/** The platform's timeout of one attempt, in milliseconds. */
const timeoutMs = 15_000;
/** The part of a response body that the platform keeps, in bytes. */
const maxResponseBytes = 16_384;

/** Options of {@link sendTestEvent}. */
export interface SendTestEventOptions {
  /** The secret to sign with, which is the receiver's. */
  secret: Secret;
}

/** The response to a test event. */
export interface TestEventResponse {
  /** The HTTP status. A redirect is not followed, as the platform does not follow one. */
  readonly status: number;
  /** The first 16 KiB of the body, as text. */
  readonly body: string;
  /** From the request to the end of the response, in milliseconds. */
  readonly durationMs: number;
}

async function readBeginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let left = maxResponseBytes; reader;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
    if (left <= 0) {
      await reader.cancel();
      break;
    }
  }
  return text + decoder.decode();
}

/** Returns the code of a failed connection, or its message. `fetch` has both in the cause. */
function describeFailure(error: unknown): string {
  const failure = (error as { readonly cause?: unknown }).cause ?? error;
  const { code, message } = failure as { readonly code?: unknown; readonly message?: unknown };
  return typeof code === 'string' ? code : String(message);
}

/**
 * Signs an event as the platform does and posts it to a server, once.
 *
 * @param url - The address of your endpoint. `http:` and `localhost` are allowed.
 * @param event - An event, or a type name for a sample of it.
 * @throws `TypeError` for an invalid URL or a blank secret.
 * @throws `Error` if there is no complete response within 15 s; `cause` is the failed request.
 *
 * @example
 * const { status, body } = await sendTestEvent('http://localhost:3000/webhooks/hostwares', 'ping', { secret });
 */
export async function sendTestEvent(
  url: string | URL,
  event: TestEvent,
  { secret }: SendTestEventOptions,
): Promise<TestEventResponse> {
  const request = await createSignedRequest(event, { url, secret });
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, timeoutMs);
  const startedMs = performance.now();
  try {
    const response = await fetch(request, { redirect: 'manual', signal: controller.signal });
    const body = await readBeginning(response);
    return { status: response.status, body, durationMs: Math.round(performance.now() - startedMs) };
  } catch (cause) {
    const { origin, pathname, port, protocol } = new URL(url);
    const failure = controller.signal.aborted
      ? 'no complete response within 15 s. The platform gives up then, too: hand long work to a queue.'
      : `${describeFailure(cause)}. Is the server running, and does it listen on port ${port || (protocol === 'https:' ? 443 : 80)}?`;
    throw new Error(`POST ${origin}${pathname} failed: ${failure}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
