import { cleanLine } from './text.js';

/** As much of an answer as is read. Providers answer in a line. */
const maxAnswerBytes = 16_384;
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
  /** The answer, on one line, or what is wrong with the connection. */
  readonly answer: string;
  /** How long the provider wants to be left alone, in milliseconds, where it says so. */
  readonly restMs?: number;
}

/** At most {@link maxAnswerBytes} of an answer, as text. What comes after is not waited for. */
async function readAnswer(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (;;) {
    const { value } = await reader.read();
    if (!value) return text;
    size += value.length;
    text += decoder.decode(value, { stream: true });
    if (size < maxAnswerBytes) continue;
    void reader.cancel().catch(() => undefined);
    return text;
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
  const header = response.headers.get('retry-after')?.trim() ?? '';
  const restMs =
    typeof inBody === 'number'
      ? inBody * 1000
      : /^\d+(?:\.\d+)?$/.test(header)
        ? Number(header) * 1000
        : Date.parse(header) - Date.now();
  return restMs >= 0 ? { restMs: Math.min(restMs, maxRestMs) } : {};
}

/** What an error says of a connection that failed: fetch hides the reason in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: unknown; cause?: { code?: unknown; message?: unknown } };
  const reason = [message, cause?.code ?? cause?.message].map(cleanLine).filter(Boolean).join(': ');
  return reason === '' ? 'no reason given' : reason;
}

/**
 * Posts JSON once. Redirects are not followed: a message goes to the host that was checked, or nowhere.
 * Resolves to undefined where the message was taken; rejects only when `signal` fires.
 */
export async function postJson(
  fetcher: FetchLike,
  url: string,
  body: string,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  let response: Response;
  let answer = '';
  try {
    response = await fetcher(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'manual',
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'broken', answer: reasonOf(error) };
  }
  try {
    answer = await readAnswer(response);
  } catch {
    // The status has come, and it is what decides.
    if (!response.ok) signal.throwIfAborted();
  }
  if (response.ok) return undefined;
  const { status } = response;
  const kind = status === 429 ? 'busy' : status >= 500 ? 'broken' : 'refused';
  return { kind, status, answer: cleanLine(answer) ?? 'an empty answer', ...restOf(response, answer) };
}
