import type { WebhookEvent } from '../../events/types.js';

/**
 * A webhook URL or a key: as text, checked at set-up, or as a function that is called for each event with
 * the adapter's context (Hono's `c`, the request elsewhere), if it is only known then (bindings, `next build`).
 * A function without a value is `misconfigured` (500, so that the platform retries).
 */
export type NotifierSecret =
  string | ((adapterContext: unknown) => string | undefined | null | Promise<string | undefined | null>);

/** Where and what to post. */
export interface Post {
  readonly url: string;
  readonly body: unknown;
}

/** The part of a notifier that differs between providers. */
export interface Provider {
  /** Its name, for messages. */
  readonly name: string;
  readonly secret: NotifierSecret;
  /** @throws `TypeError` for an unusable secret; the message does not hold it. */
  check(secret: string | undefined | null): string;
  /** The part of the posted URL that errors may show: never the secret. */
  toPublicUrl(secret: string): string;
  /** The parts of the secret to remove from a provider's answer, longest first. */
  sensitiveParts(secret: string): readonly string[];
  /** How to post an event, or undefined if the provider gets no message for it. */
  prepare(event: WebhookEvent): ((secret: string) => Post) | undefined;
  /** The fix for an error answer that the provider documents. A constant text: the answer may hold the secret. */
  explain?(answer: string): string | undefined;
}
