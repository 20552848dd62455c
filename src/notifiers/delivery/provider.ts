import type { WebhookEvent } from '../../events/types.js';

/**
 * A webhook URL or a key. Text is checked at set-up. A function serves secrets that are known only later (bindings, `next build`): it is
 * called for each event with the adapter's context (Hono's `c`, elsewhere the request). If it returns no value, the receiver responds with
 * 500 `misconfigured`, and the platform retries.
 */
export type NotifierSecret =
  string | ((adapterContext: unknown) => string | undefined | null | Promise<string | undefined | null>);

/** The destination and the body of a post. */
export interface Post {
  readonly url: string;
  readonly body: unknown;
}

/** The part of a notifier that differs between providers. */
export interface Provider {
  /** Its name, for messages. */
  readonly name: string;
  readonly secret: NotifierSecret;
  /** @throws `TypeError` for an unusable secret; the message does not contain it. */
  check(secret: string | undefined | null): string;
  /** The part of the posted URL that errors may show: never the secret. */
  toPublicUrl(secret: string): string;
  /** The parts of the secret to remove from a provider's response, longest first. */
  sensitiveParts(secret: string): readonly string[];
  /** How to post an event, or undefined if the provider gets no message for it. */
  prepare(event: WebhookEvent): ((secret: string) => Post) | undefined;
  /** The fix for an error that the provider documents. A constant text, because the response may contain the secret. */
  explain?(answer: string): string | undefined;
}
