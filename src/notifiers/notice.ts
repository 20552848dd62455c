import type { EventOf, EventType, WebhookEvent } from '../events/types.js';

/** How an event is meant; each provider has a colour or a severity for it. */
export type Tone = 'success' | 'failure' | 'warning' | 'info';

/** One labelled value. Both texts are plain: the provider's markup in them is escaped. */
export interface NoticeField {
  readonly name: string;
  readonly value: string;
  /** Makes the value a link. Only http and https; anything else is left out. */
  readonly url?: string | undefined;
  /** True for a value that wants a row of its own. */
  readonly wide?: boolean;
}

/**
 * What an event says, before any provider's markup. All texts are plain text: write what you like, it
 * cannot become a mention, a link or formatting.
 */
export interface Notice {
  readonly tone: Tone;
  /** One line: what happened to what. */
  readonly title: string;
  /** A sentence more. */
  readonly text?: string | undefined;
  /** Output of a program, possibly many lines; shown as it is, in a fixed width. */
  readonly error?: string | undefined;
  /** What the title links to. Only http and https; anything else is left out. */
  readonly url?: string | undefined;
  readonly fields: readonly NoticeField[];
}

/**
 * Your own words, per event type: a function from the event and the notice it would make to what shall
 * be different. All of it is escaped like the rest. It must not be asynchronous; what it throws
 * fails the notification (`notifier_failed`), or comes out of `toSlackMessage` and the like.
 *
 * @example
 * const format: NoticeFormats = {
 *   'deployment.failed': (event, notice) => ({ title: `🔥 ${notice.title}`, fields: notice.fields.slice(0, 2) }),
 * };
 */
export type NoticeFormats = {
  readonly [Type in EventType | 'ping' | 'unknown']?: (
    event: EventOf<Type>,
    notice: Notice,
  ) => Partial<Notice>;
};

/** Applies the format for the event's type, if there is one. */
export function applyFormat(event: WebhookEvent, notice: Notice, formats: NoticeFormats = {}): Notice {
  // The discriminant is one of fourteen names, whatever came over the wire.
  const format = formats[event.event] as
    ((event: WebhookEvent, notice: Notice) => Partial<Notice>) | undefined;
  if (!format) return notice;
  const own: unknown = format(event, notice);
  if (own instanceof Promise) {
    void own.catch(() => undefined);
    throw new TypeError(`The format for ${event.event} is asynchronous. Return the changes themselves.`);
  }
  // What is undefined is as good as left out.
  const changes = Object.entries(own as Partial<Notice>).filter(([, value]) => value !== undefined);
  return { ...notice, ...Object.fromEntries(changes) };
}
