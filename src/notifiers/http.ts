import { cleanLine } from './text.js';

/** As much of an answer as is read. Providers answer in a line. */
const maxAnswerBytes = 16_384;
/** Longer than any webhook URL. */
const maxSecretLength = 512;
/** The longest rest that is believed: one hour. */
const maxRestMs = 3_600_000;

/** What is used of `fetch`. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** Why one try to post failed. */
export interface Failure {
  /** `busy`: too many messages. `broken`: may pass. `refused`: will not. */
  readonly kind: 'busy' | 'broken' | 'refused';
  /** Undefined where no answer came. */
  readonly status?: number;
  /** The answer as it came, or what is wrong with the connection. */
  readonly answer: string;
  /** How long the provider wants to be left alone, in milliseconds, where it says so. */
  readonly restMs?: number;
}

/** Settles as `promise` does, or rejects when the signal fires: whatever was to listen to it may not. */
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

/** At most {@link maxAnswerBytes} of an answer, as text. What comes after, or too late, is not waited for. */
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
      // What is cut off could leave the beginning of a secret, which is not known as one.
      if (size > maxAnswerBytes) return text.slice(0, -maxSecretLength);
    }
  } catch {
    // The status has come, and it is what decides.
    return text.slice(0, -maxSecretLength);
  } finally {
    void reader?.cancel().catch(() => undefined);
  }
}

/** `retry_after` of Discord's JSON, in seconds with a fraction. */
function retryAfterOf(answer: string): unknown {
  try {
    return (JSON.parse(answer) as { retry_after?: unknown } | null)?.retry_after;
  } catch {
    return undefined;
  }
}

/** How long the provider wants to be left alone, in milliseconds. The body is the more exact of the two. */
function restOf(response: Response, answer: string): { restMs?: number } {
  const inBody = retryAfterOf(answer);
  // One that stands twice is joined with a comma.
  const header = response.headers.get('retry-after')?.trim() ?? '';
  const [seconds] = /^\d+(?:\.\d+)?(?=\s*(?:,|$))/.exec(header) ?? [];
  const restMs =
    typeof inBody === 'number'
      ? inBody * 1000
      : seconds !== undefined
        ? Number(seconds) * 1000
        : Date.parse(header) - Date.now();
  return restMs >= 0 ? { restMs: Math.min(restMs, maxRestMs) } : {};
}

/** What an error says of a connection that failed: fetch hides the reason in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = Object(error) as { message?: unknown; cause?: unknown };
  const { code, message: detail } = Object(cause) as { code?: unknown; message?: unknown };
  const reason = [message, code ?? detail].map(cleanLine).filter(Boolean).join(': ');
  return reason === '' ? 'no reason given' : reason;
}

/**
 * Posts JSON once. Redirects are not followed: a message goes to the host that was checked, or nowhere.
 * Resolves to undefined where the message was taken; rejects only when `signal` fires before an answer. What
 * it tells of the answer is as it came: the secret may be in it.
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
    // Somebody's own fetch may resolve to anything.
    if (typeof (response as Partial<Response> | undefined)?.status !== 'number')
      throw new TypeError('fetch gave no Response');
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'broken', answer: reasonOf(error) };
  }
  const answer = await readAnswer(response, signal);
  if (response.ok) return undefined;
  const { status } = response;
  const kind = status === 429 ? 'busy' : status >= 500 ? 'broken' : 'refused';
  return { kind, status, answer, ...restOf(response, answer) };
}
