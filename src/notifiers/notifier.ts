import { isWebhookError, WebhookError } from '../errors.js';
import type { WebhookEvent } from '../events/types.js';
import { abortable, postJson, type Failure, type FetchLike } from './http.js';
import { createLine, type Line } from './line.js';
import type { NoticeFormats } from './notice.js';
import { cleanLine, cut } from './text.js';

/**
 * A webhook URL or a key: as text, checked at set-up, or as a function that is called for each event with
 * the adapter's context (Hono's `c`, the request elsewhere), where bindings or `next build` ask for it.
 * A function without a value is `misconfigured` (500, so that the platform tries again).
 */
export type NotifierSecret =
  string | ((adapterContext: unknown) => string | undefined | null | Promise<string | undefined | null>);

/** What a notifier uses of a handler's context. */
export interface NotifierContext {
  readonly signal?: AbortSignal | undefined;
  readonly adapterContext?: unknown;
  /** The event before a schema replaced its `data`: this is what the message tells. */
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
export interface NotifierOptions {
  /** Your own title, text or fields, per event type. */
  format?: NoticeFormats;
  /**
   * How long one notification may take in all, in milliseconds: its place in line, all tries and the
   * pauses between them. The platform waits 15 s for the answer (contract section 4), so stay below.
   * @default 10_000
   */
  timeoutMs?: number;
  /**
   * How often a post is tried again after 429, 5xx or a broken connection, within `timeoutMs`.
   * @default 3
   */
  maxRetries?: number;
  /**
   * True where a lost message is better than a webhook that is sent again: a failure goes to `onError`,
   * which must then be given, and the event counts as handled.
   * @default false
   */
  bestEffort?: boolean;
  /** Told of failures when `bestEffort` is true. What it throws is ignored. */
  onError?: (error: WebhookError, event: WebhookEvent) => unknown;
  /**
   * Admits any host, and `http:` to this machine: for a proxy of your own, and for tests.
   * @default false
   */
  allowAnyHost?: boolean;
  /** Used instead of the global `fetch`. It must take `signal` and `redirect: 'manual'`. */
  fetch?: FetchLike;
}

/** Where and what to post. */
export interface Post {
  readonly url: string;
  readonly body: unknown;
}

/** What is particular to a provider. */
export interface Provider {
  /** Its name, for messages. */
  readonly name: string;
  /** What may be shown of where it posts to: never the secret. */
  shownUrl(secret: string): string;
  /** What the secret is, for messages. */
  readonly secret: NotifierSecret;
  /** @throws `TypeError` for a secret that cannot be one; the message does not hold it. */
  check(secret: string | undefined | null): string;
  /** How to post an event, or undefined where there is nothing to say. */
  prepare(event: WebhookEvent): ((secret: string) => Post) | undefined;
  /** What must not be shown of the secret, wherever it is echoed. */
  sensitiveParts(secret: string): readonly string[];
}

/** One webhook: its messages go one by one, and it is left alone for as long as the provider says. */
interface Destination {
  readonly line: Line;
  restsUntilMs: number;
}

/** A notifier whose secret is a function can have as many webhooks as it likes; so many are remembered. */
const maxDestinations = 1_000;
const firstPauseMs = 500;
/** As much of a provider's answer as is told. */
const maxAnswerShown = 300;

/** After the first try, the second, …: doubled each time, and up to half as long again by chance. */
function pauseAfter(tries: number): number {
  return firstPauseMs * 2 ** (tries - 1) * (1 + Math.random() / 2);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

/** What to do about a failure. */
function hintFor({ kind, status = 0 }: Failure): string | undefined {
  if (kind === 'busy')
    return 'Too many messages for one webhook. Send fewer events to it, or use more webhooks.';
  if (kind === 'broken') return undefined;
  if (status < 400)
    return 'Redirects are not followed: they would hand the message to another host. Give the final URL.';
  if (status === 400 || status === 413 || status === 422)
    return 'The provider does not accept the message. Is there a format that makes it odd?';
  return 'The webhook or key was removed, or is not complete. Make a new one with the provider.';
}

function checkOptions({ timeoutMs, maxRetries, bestEffort, onError }: NotifierOptions): void {
  // The upper bound is what timers can hold; beyond it they fire at once.
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs < 2 ** 31))
    throw new TypeError('timeoutMs must be a number of milliseconds above 0.');
  if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && maxRetries >= 0))
    throw new TypeError('maxRetries must be a whole number, 0 or more.');
  if (bestEffort && !onError)
    throw new TypeError('bestEffort needs onError: without it a lost message would be lost without a word.');
  if (onError && !bestEffort)
    throw new TypeError(
      'onError is for bestEffort: true. Without it a failure is thrown, and receiver.onError has it.',
    );
}

/** Makes a notifier of what is particular to a provider: order, tries, deadline, and what failures say. */
export function createNotifier(provider: Provider, options: NotifierOptions): Notifier {
  checkOptions(options);
  const { timeoutMs = 10_000, maxRetries = 3, bestEffort = false, onError } = options;
  if (typeof provider.secret !== 'function') provider.check(provider.secret);
  const destinations = new Map<string, Destination>();
  // Secrets that have to be asked for are asked for one by one, so that messages keep their order.
  const asking = createLine();

  function destinationOf(secret: string): Destination {
    let destination = destinations.get(secret);
    if (!destination) {
      destination = { line: createLine(), restsUntilMs: 0 };
      destinations.set(secret, destination);
      const [oldest] = destinations.keys();
      if (destinations.size > maxDestinations && oldest !== undefined) destinations.delete(oldest);
    }
    return destination;
  }

  function misconfigured(what: string): WebhookError {
    return new WebhookError('misconfigured', `${provider.name} notifier: ${what}`);
  }

  async function secretFor(context: NotifierContext, signal: AbortSignal): Promise<string> {
    const { secret } = provider;
    if (typeof secret !== 'function') return secret;
    let value: string | undefined | null;
    try {
      const asked = Promise.resolve(context.adapterContext).then(secret);
      value = await abortable(asked, signal);
    } catch {
      // What it threw is not told: it may hold the secret.
      throw misconfigured(
        signal.aborted ? 'its secret was not there in time.' : 'the function for its secret threw.',
      );
    }
    try {
      return provider.check(value);
    } catch (error) {
      throw misconfigured((error as TypeError).message);
    }
  }

  function fail(what: string, secret: string, last?: Failure): WebhookError {
    // Hidden before anything is cut or folded, or a part could be left.
    const hidden =
      last && provider.sensitiveParts(secret).reduce((text, part) => text.replaceAll(part, '…'), last.answer);
    const answer = last && cut(cleanLine(hidden) ?? 'an empty answer', maxAnswerShown);
    const message = [`${provider.name} (${provider.shownUrl(secret)}) ${what}`, last?.status, answer]
      .filter(Boolean)
      .join(': ');
    return new WebhookError('notifier_failed', `${message}.`, {
      hint: last && hintFor(last),
      // What the connection threw is not kept: errors of HTTP clients carry the URL, and that is a secret.
      cause: last && { status: last.status, answer },
    });
  }

  /** Posts until the message is taken, and rests as long as the provider says before each try. */
  async function send(
    post: Post,
    secret: string,
    destination: Destination,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const body = JSON.stringify(post.body);
    const fetcher: FetchLike = options.fetch ?? (async (url, init) => fetch(url, init));
    let last: Failure | undefined;
    let pauseUntilMs = 0;
    try {
      for (let tries = 1; ; tries += 1) {
        if (destination.restsUntilMs >= deadlineMs) {
          const seconds = Math.ceil((destination.restsUntilMs - Date.now()) / 1000);
          throw fail(`wants ${seconds} s of rest, more than timeoutMs leaves`, secret, last);
        }
        if (pauseUntilMs >= deadlineMs) {
          throw fail(
            `did not take the message in ${tries - 1} tries, and timeoutMs leaves no time for more`,
            secret,
            last,
          );
        }
        const restMs = Math.max(destination.restsUntilMs, pauseUntilMs) - Date.now();
        if (restMs > 0) await pause(restMs, signal);
        last = await postJson(fetcher, post.url, body, signal);
        if (!last) return;
        if (last.kind === 'refused') throw fail('refused the message', secret, last);
        // The provider's word is for all its messages; a pause of our own is for this one.
        if (last.restMs !== undefined) destination.restsUntilMs = Date.now() + last.restMs;
        else pauseUntilMs = Date.now() + pauseAfter(tries);
        if (tries > maxRetries) throw fail(`did not take the message in ${tries} tries`, secret, last);
      }
    } catch (error) {
      throw isWebhookError(error) ? error : fail('did not take the message in time', secret, last);
    }
  }

  /** Takes the place in the destination's line that goes with the order in which events came. */
  async function enter(
    context: NotifierContext,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<{ secret: string; destination: Destination; turn: Promise<() => void> }> {
    const leave = await asking.enter(deadlineMs, signal).catch(() => {
      throw misconfigured('its secret was not there in time.');
    });
    try {
      const secret = await secretFor(context, signal);
      const destination = destinationOf(secret);
      return { secret, destination, turn: destination.line.enter(deadlineMs, signal) };
    } finally {
      leave();
    }
  }

  async function notify(event: WebhookEvent, context: NotifierContext): Promise<void> {
    const toPost = prepare(event);
    if (!toPost) return;
    const deadlineMs = Date.now() + timeoutMs;
    const controller = new AbortController();
    const { signal } = controller;
    const stop = (): void => {
      controller.abort();
    };
    const timer = setTimeout(stop, timeoutMs);
    // Past the handlers' own deadline the answer is given, and the platform will send the event again.
    context.signal?.addEventListener('abort', stop);
    if (context.signal?.aborted) stop();
    try {
      const { secret, destination, turn } = await enter(context, deadlineMs, signal);
      const leave = await turn.catch(() => {
        throw fail('was still busy with messages before this one', secret);
      });
      try {
        await send(toPost(secret), secret, destination, deadlineMs, signal);
      } finally {
        leave();
      }
    } finally {
      clearTimeout(timer);
      context.signal?.removeEventListener('abort', stop);
    }
  }

  function prepare(event: WebhookEvent): ((secret: string) => Post) | undefined {
    try {
      return provider.prepare(event);
    } catch (cause) {
      const message = `The ${provider.name} message for ${event.event} could not be made: its format threw.`;
      throw new WebhookError('notifier_failed', message, { cause });
    }
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
        // Documented: what it throws is ignored.
      }
    }
  };
}
