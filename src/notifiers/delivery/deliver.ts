import { isWebhookError, type WebhookError } from '../../errors.js';
import type { Destination, Pause } from './destination.js';
import { notifierFailed } from './failure.js';
import { abortable, postJson, type Failure, type FetchLike } from './http.js';
import type { Post, Provider } from './provider.js';

/**
 * The pause after a 429 that names no time, in milliseconds. Our choice: providers count per minute at most, and the platform's second
 * retry follows after 60 s. During a longer block, each pause costs one post.
 */
const unstatedRetryAfterMs = 60_000;
const firstBackoffMs = 500;

/** One message on its way to one destination. */
export interface Delivery {
  readonly provider: Provider;
  readonly secret: string;
  readonly destination: Destination;
  readonly post: Post;
  readonly fetch: FetchLike;
  readonly maxRetries: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** The pause before a retry: it doubles each time, plus up to half as much at random. */
function backoffMs(attempt: number): number {
  return firstBackoffMs * 2 ** (attempt - 1) * (1 + Math.random() / 2);
}

async function pauseUntil(timeMs: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeMs - Date.now());
  });
  try {
    await abortable(elapsed, signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The pause that a failure requires. A wait of 0 s is no pause: the backoff applies instead. */
function pauseAfter(failure: Failure): Pause | undefined {
  const unstatedMs = failure.kind === 'rateLimited' ? unstatedRetryAfterMs : 0;
  const retryAfterMs = failure.retryAfterMs ?? unstatedMs;
  return retryAfterMs > 0 ? { untilMs: Date.now() + retryAfterMs, failure } : undefined;
}

function pausedError({ provider, secret }: Delivery, { untilMs, failure }: Pause): WebhookError {
  const until = `until ${new Date(untilMs).toISOString()} (${Math.ceil((untilMs - Date.now()) / 1000)} s)`;
  const reason =
    failure.retryAfterMs === undefined
      ? `is rate limiting us and did not say for how long, so nothing is posted to it ${until}`
      : `asked us to wait ${until}`;
  return notifierFailed(provider, secret, `${reason}, longer than timeoutMs allows`, failure);
}

function inAttempts(count: number): string {
  return `in ${count} ${count === 1 ? 'attempt' : 'attempts'}`;
}

/**
 * Posts a message until the provider accepts it. A pause that the provider asks for applies to the destination;
 * a backoff applies to this message only.
 *
 * @throws {@link WebhookError} `notifier_failed`
 */
export async function deliver(delivery: Delivery): Promise<void> {
  const { provider, secret, destination, post, maxRetries, deadlineMs, signal } = delivery;
  const body = JSON.stringify(post.body);
  let failure: Failure | undefined;
  let backoffUntilMs = 0;
  const fail = (problem: string): WebhookError => notifierFailed(provider, secret, problem, failure);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const { pause } = destination;
      if (pause && pause.untilMs >= deadlineMs) throw pausedError(delivery, pause);
      if (backoffUntilMs >= deadlineMs) {
        throw fail(
          `did not accept the message ${inAttempts(attempt - 1)}, and timeoutMs leaves no time for another`,
        );
      }
      const resumeMs = Math.max(pause?.untilMs ?? 0, backoffUntilMs);
      if (resumeMs > Date.now()) await pauseUntil(resumeMs, signal);
      failure = await postJson(delivery.fetch, post.url, body, signal);
      if (!failure) return;
      if (failure.kind === 'permanent') throw fail('rejected the message');
      const asked = pauseAfter(failure);
      if (asked) destination.pause = asked;
      else backoffUntilMs = Date.now() + backoffMs(attempt);
      if (attempt > maxRetries) throw fail(`did not accept the message ${inAttempts(attempt)}`);
    }
  } catch (error) {
    throw isWebhookError(error) ? error : fail('did not accept the message in time');
  }
}
