import { eventTypes, type EventOf, type EventType, type WebhookEvent } from '../../events/types.js';
import type { Notice, NoticeLinks } from './notice.js';

/** The parts of a notice that a format replaces. An undefined part is left as it is. */
export type NoticeChanges = { readonly [Part in keyof Notice]?: Notice[Part] | undefined };

/**
 * Your own wording, per event type: a function from the event and its notice to the parts to replace, which are escaped like all
 * others. It must not be asynchronous. An error that it throws fails the notification (`notifier_failed`), and is thrown by
 * `toSlackMessage` and the like.
 *
 * @example
 * const format: NoticeFormats = {
 *   'deployment.failed': (event, notice) => ({ title: `🔥 ${notice.title}`, fields: notice.fields.slice(0, 2) }),
 * };
 */
export type NoticeFormats = {
  readonly [Type in EventType | 'ping' | 'unknown']?:
    ((event: EventOf<Type>, notice: Notice) => NoticeChanges) | undefined;
};

/**
 * The links of an event, or undefined for none. It must not be asynchronous; an error that it throws fails
 * the notification (`notifier_failed`), and is thrown by `toSlackMessage` and the like.
 *
 * @example
 * const links: EventLinks = ({ data }) =>
 *   'deployment_id' in data ? { logs: `https://logs.example.com/${data.deployment_id}` } : undefined;
 */
export type EventLinks = (event: WebhookEvent) => NoticeLinks | undefined;

/** Options for the content of messages. */
export interface MessageOptions {
  /** Your own title, text, error, links or fields, per event type. */
  format?: NoticeFormats | undefined;
  /** Links to logs and to a dashboard, for each event. A format receives them as `notice.links`. */
  links?: EventLinks | undefined;
}

const formatNames: readonly string[] = [...eventTypes, 'ping', 'unknown'];
const linkNames: readonly string[] = ['logs', 'dashboard'] satisfies (keyof NoticeLinks)[];

/** @throws `TypeError` for a format of an unknown type, and for a format or links that are not functions. */
export function checkMessageOptions({ format = {}, links }: MessageOptions): void {
  for (const [name, value] of Object.entries(format)) {
    if (!formatNames.includes(name))
      throw new TypeError(
        `format has no event type ${JSON.stringify(name)}. Known: ${formatNames.join(', ')}.`,
      );
    if (value !== undefined && typeof value !== 'function')
      throw new TypeError(`The format for ${name} must be a function that returns the parts to replace.`);
  }
  if (links !== undefined && typeof links !== 'function')
    throw new TypeError('links must be a function that returns { logs, dashboard } for an event.');
}

/** Checks the result of a user's function, and drops its undefined parts. */
function definedParts(result: unknown, source: string): object {
  if (result instanceof Promise) {
    void result.catch(() => undefined);
    throw new TypeError(`${source} is asynchronous. Return the values themselves.`);
  }
  if (typeof result !== 'object' || result === null)
    throw new TypeError(`${source} must return an object, not ${result === null ? 'null' : typeof result}.`);
  return Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined));
}

function linksFor(event: WebhookEvent, links: EventLinks): NoticeLinks | undefined {
  const result: unknown = links(event);
  if (result === undefined) return undefined;
  const defined = definedParts(result, 'links');
  const unknown = Object.keys(defined).find((name) => !linkNames.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`links returned ${JSON.stringify(unknown)}. Expected: ${linkNames.join(', ')}.`);
  return defined;
}

/** Adds the links of an event to its notice and applies the format for its type. */
export function composeNotice(event: WebhookEvent, described: Notice, options: MessageOptions): Notice {
  const notice = { ...described, links: options.links && linksFor(event, options.links) };
  // The discriminant is one of fourteen names, whatever the name on the wire.
  const format = options.format?.[event.event] as
    ((event: WebhookEvent, notice: Notice) => NoticeChanges) | undefined;
  if (!format) return notice;
  return { ...notice, ...definedParts(format(event, notice), `The format for ${event.event}`) };
}
