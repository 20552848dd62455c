import { isWebhookError, WebhookError } from '../../errors.js';
import type { WebhookEvent } from '../../events/types.js';
import { checkMessageOptions, type MessageOptions } from '../message/compose.js';
import { deliver } from './deliver.js';
import { createDestinations, type Destination } from './destination.js';
import { notifierFailed, secretMisconfigured } from './failure.js';
import { abortable, type FetchLike } from './http.js';
import type { Post, Provider } from './provider.js';
import { createFifoMutex } from './queue.js';

/** The part of a handler's context that a notifier uses. */
export interface NotifierContext {
  readonly signal?: AbortSignal | undefined;
  readonly adapterContext?: unknown;
  /** The event before a schema replaced its `data`. The message describes this one. */
  readonly verifiedEvent?: WebhookEvent | undefined;
}

/** An event whose `data` a schema may have replaced. */
export interface NotifiableEvent {
  readonly event: WebhookEvent['event'];
  readonly id: string;
  readonly data: unknown;
}

/** A handler that posts a message for the event. */
export type Notifier = (event: NotifiableEvent, context?: NotifierContext) => Promise<void>;

/** Options that all notifiers have. */
export interface NotifierOptions extends MessageOptions {
  /**
   * The deadline of one notification, in milliseconds: its wait for earlier messages, all attempts and the
   * pauses between them. The platform waits 15 s for the response (contract section 4), so stay below.
   * @default 10_000
   */
  timeoutMs?: number | undefined;
  /**
   * The number of retries after 429, 5xx or a broken connection, within `timeoutMs`.
   * @default 3
   */
  maxRetries?: number | undefined;
  /**
   * True if a lost message is better than an event that is retried: a failure goes to `onError`, which is
   * then required, and the event counts as handled.
   * @default false
   */
  bestEffort?: boolean | undefined;
  /** Receives failures if `bestEffort` is true. An error that it throws is ignored. */
  onError?: ((error: WebhookError, event: WebhookEvent) => unknown) | undefined;
  /**
   * Admits any host, and `http:` to this machine: for a proxy of your own, and for tests.
   * @default false
   */
  allowAnyHost?: boolean | undefined;
  /** Used instead of the global `fetch`. It must support `signal` and `redirect: 'manual'`. */
  fetch?: FetchLike | undefined;
}

interface Deadline {
  readonly atMs: number;
  readonly signal: AbortSignal;
}

function checkOptions(options: NotifierOptions): void {
  const { timeoutMs, maxRetries, bestEffort, onError } = options;
  checkMessageOptions(options);
  // Timers with a longer delay fire at once.
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs < 2 ** 31))
    throw new TypeError('timeoutMs must be a number of milliseconds above 0.');
  if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && maxRetries >= 0))
    throw new TypeError('maxRetries must be a whole number, 0 or more.');
  if (bestEffort && !onError)
    throw new TypeError('bestEffort needs onError: without it a message would be lost silently.');
  if (onError && !bestEffort)
    throw new TypeError(
      'onError is for bestEffort: true. Without it a failure is thrown, and receiver.onError receives it.',
    );
}

/** Runs a task with a deadline that ends early if the handlers' own signal fires. */
async function withDeadline(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  run: (deadline: Deadline) => Promise<void>,
): Promise<void> {
  const atMs = Date.now() + timeoutMs;
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort();
  };
  const timer = setTimeout(stop, timeoutMs);
  // After the handlers' deadline the platform has its response, and retries the event.
  outer?.addEventListener('abort', stop);
  if (outer?.aborted) stop();
  try {
    await run({ atMs, signal: controller.signal });
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', stop);
  }
}

/** The secret for an event. The error of a function that throws is dropped: it may contain the secret. */
async function resolveSecret(
  provider: Provider,
  context: NotifierContext,
  signal: AbortSignal,
): Promise<string> {
  const { secret } = provider;
  if (typeof secret !== 'function') return secret;
  let value: string | undefined | null;
  try {
    value = await abortable(Promise.resolve(context.adapterContext).then(secret), signal);
  } catch {
    throw secretMisconfigured(
      provider,
      signal.aborted ? 'its secret did not arrive in time.' : 'the function for its secret threw.',
    );
  }
  try {
    return provider.check(value);
  } catch (error) {
    throw secretMisconfigured(provider, (error as TypeError).message);
  }
}

function prepare(provider: Provider, event: WebhookEvent): ((secret: string) => Post) | undefined {
  try {
    return provider.prepare(event);
  } catch (cause) {
    const message = `The ${provider.name} message for ${event.event} could not be composed: its format or links threw.`;
    throw new WebhookError('notifier_failed', message, { cause });
  }
}

interface Turn {
  readonly secret: string;
  readonly destination: Destination;
  readonly acquired: Promise<() => void>;
}

/** Returns a function that queues an event at its destination, in the order of arrival. */
function createTurns(provider: Provider): (context: NotifierContext, deadline: Deadline) => Promise<Turn> {
  const destinationOf = createDestinations();
  // A secret may resolve later than that of the next event, but events must keep their order.
  const secretQueue = createFifoMutex();
  return async (context, { atMs, signal }) => {
    const release = await secretQueue.acquire(atMs, signal).catch(() => {
      throw secretMisconfigured(provider, 'its secret did not arrive in time.');
    });
    try {
      const secret = await resolveSecret(provider, context, signal);
      const destination = destinationOf(secret);
      return { secret, destination, acquired: destination.queue.acquire(atMs, signal) };
    } finally {
      release();
    }
  };
}

/** Creates the notifier of a provider. Order, attempts, deadline and failures are the same for all providers. */
export function createNotifier(provider: Provider, options: NotifierOptions): Notifier {
  checkOptions(options);
  const { timeoutMs = 10_000, maxRetries = 3, bestEffort = false, onError } = options;
  const fetcher: FetchLike = options.fetch ?? (async (url, init) => fetch(url, init));
  if (typeof provider.secret !== 'function') provider.check(provider.secret);
  const takeTurn = createTurns(provider);

  async function notify(event: WebhookEvent, context: NotifierContext): Promise<void> {
    const toPost = prepare(provider, event);
    if (!toPost) return;
    await withDeadline(timeoutMs, context.signal, async (deadline) => {
      const { secret, destination, acquired } = await takeTurn(context, deadline);
      const release = await acquired.catch(() => {
        throw notifierFailed(provider, secret, 'was still busy with earlier messages');
      });
      try {
        const post = toPost(secret);
        const { atMs: deadlineMs, signal } = deadline;
        await deliver({
          provider,
          secret,
          destination,
          post,
          fetch: fetcher,
          maxRetries,
          deadlineMs,
          signal,
        });
      } finally {
        release();
      }
    });
  }

  return async (given, context = {}) => {
    const event = context.verifiedEvent ?? (given as WebhookEvent);
    try {
      await notify(event, context);
    } catch (error) {
      if (!bestEffort || !isWebhookError(error)) throw error;
      try {
        await onError?.(error, event);
      } catch {
        // Documented: an error that onError throws is ignored.
      }
    }
  };
}
