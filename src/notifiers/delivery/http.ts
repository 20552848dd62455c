import { cleanLine } from '../message/text.js';

/** The most bytes of a response body that are read. Providers respond with one line. */
const maxAnswerBytes = 16_384;
/** Longer than any webhook URL. */
const maxSecretLength = 512;
/** The longest pause that a provider can ask for: one hour. */
const maxRetryAfterMs = 3_600_000;

/** The part of `fetch` that is used. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** Why one attempt to post failed. */
export interface Failure {
  /** `rateLimited`: 429. `transient`: a retry may succeed. `permanent`: a retry will not. */
  readonly kind: 'rateLimited' | 'transient' | 'permanent';
  /** Undefined if no response came. */
  readonly status?: number;
  /** The response body as received, or the error of the connection. It may contain the secret. */
  readonly answer: string;
  /** The wait that the provider asks for, in milliseconds. Undefined if it names no time. */
  readonly retryAfterMs?: number;
}

/** Settles as `promise` does, or rejects when the signal fires, even if the promise's owner ignores the signal. */
export function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}

/** Reads a response body as text: at most {@link maxAnswerBytes}, and only until the signal fires. */
async function readAnswer(response: Response, signal: AbortSignal): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  try {
    for (;;) {
      const chunk = await (reader && abortable(reader.read(), signal));
      if (!chunk?.value) return text;
      size += chunk.value.length;
      text += decoder.decode(chunk.value, { stream: true });
      // The text may end within a secret, whose first part the redaction would not recognise.
      if (size > maxAnswerBytes) return text.slice(0, -maxSecretLength);
    }
  } catch {
    // The status alone decides, so a body that breaks off is no failure.
    return text.slice(0, -maxSecretLength);
  } finally {
    void reader?.cancel().catch(() => undefined);
  }
}

/** `retry_after` of Discord's JSON, in seconds with a fraction. */
function retryAfterIn(answer: string): unknown {
  try {
    return (JSON.parse(answer) as { retry_after?: unknown } | null)?.retry_after;
  } catch {
    return undefined;
  }
}

/** The seconds in a header. A repeated header is joined with a comma; the first value counts. */
function secondsIn(header: string): number | undefined {
  const [seconds] = /^\d+(?:\.\d+)?(?=\s*(?:,|$))/.exec(header) ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}

/** The seconds until the time in a header. A time in the past counts as now, because clocks differ. */
function secondsUntil(header: string): number | undefined {
  const timeMs = Date.parse(header);
  // `Date.parse` accepts nearly any text with a digit; an HTTP date begins with a weekday.
  const isDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(header) && !Number.isNaN(timeMs);
  return isDate ? Math.max(0, timeMs - Date.now()) / 1000 : undefined;
}

/**
 * Returns the wait that the provider asks for. Discord's body is more exact than its `Retry-After`, which is rounded up. Discord sends
 * `X-RateLimit-Reset-After` with every response, but asks for that wait in a 429 only.
 */
function retryAfterOf(response: Response, answer: string): { retryAfterMs?: number } {
  const inBody = retryAfterIn(answer);
  const header = response.headers.get('retry-after') ?? '';
  const reset = response.status === 429 ? response.headers.get('x-ratelimit-reset-after') : undefined;
  const seconds =
    typeof inBody === 'number' && inBody >= 0
      ? inBody
      : (secondsIn(header) ?? secondsUntil(header) ?? secondsIn(reset ?? ''));
  return seconds === undefined ? {} : { retryAfterMs: Math.min(seconds * 1000, maxRetryAfterMs) };
}

/** Describes why a connection failed: fetch hides the reason in the error's cause. */
function describeError(error: unknown): string {
  const { message, cause } = Object(error) as { message?: unknown; cause?: unknown };
  const { code, message: detail } = Object(cause) as { code?: unknown; message?: unknown };
  const reason = [message, code ?? detail].map(cleanLine).filter(Boolean).join(': ');
  return reason === '' ? 'no reason given' : reason;
}

/**
 * Posts JSON once. Redirects are not followed: the message goes to the host that was checked, or nowhere.
 * Resolves to undefined if the message was accepted; rejects only if `signal` fires before a response.
 */
export async function postJson(
  fetcher: FetchLike,
  url: string,
  body: string,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  let response: Response;
  try {
    signal.throwIfAborted();
    const headers = { 'content-type': 'application/json' };
    response = await abortable(
      fetcher(url, { method: 'POST', headers, body, redirect: 'manual', signal }),
      signal,
    );
    // A custom fetch may resolve to anything.
    if (typeof (response as Partial<Response> | undefined)?.status !== 'number')
      throw new TypeError('fetch did not return a Response');
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'transient', answer: describeError(error) };
  }
  const answer = await readAnswer(response, signal);
  if (response.ok) return undefined;
  const { status } = response;
  const kind = status === 429 ? 'rateLimited' : status >= 500 ? 'transient' : 'permanent';
  return { kind, status, answer, ...retryAfterOf(response, answer) };
}
