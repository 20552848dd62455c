import type { WebhookEvent } from '../events/types.js';
import { describeWithPublishedFields } from './message/describe.js';
import { dottedWebAddress, linkList } from './message/links.js';
import { composeNotice, type MessageOptions } from './message/compose.js';
import type { Notice, NoticeField, NoticeLinks, Tone } from './message/notice.js';
import { checkThread, explain, type DiscordThreadOptions } from './discord-threads.js';
import { createNotifier, type Notifier, type NotifierOptions } from './delivery/notifier.js';
import type { NotifierSecret } from './delivery/provider.js';
import { cleanLine, cleanText, truncate, truncateEscaped } from './message/text.js';
import { timeOf } from './message/format.js';
import { checkWebhookUrl, withUrlAsSecret, type WebhookUrlForm } from './delivery/webhook-url.js';

/** Options of {@link createDiscordNotifier}. A thread is named by one of `threadName`, `threadId` and the URL. */
export interface DiscordNotifierOptions extends NotifierOptions, DiscordThreadOptions {
  /** The webhook's URL, `https://discord.com/api/webhooks/…`; `?thread_id=` may follow. It is a secret. */
  url: NotifierSecret;
}

/** One labelled value of an embed. */
export interface DiscordField {
  name: string;
  value: string;
  inline: boolean;
}

/** The card that a message consists of. */
export interface DiscordEmbed {
  title: string;
  description?: string;
  url?: string;
  color: number;
  fields: DiscordField[];
  footer: { text: string };
  /** ISO 8601; Discord shows it in the reader's own time zone. */
  timestamp?: string;
}

/** A message for a webhook. It mentions nobody, whatever its text is. */
export interface DiscordMessage {
  embeds: [DiscordEmbed];
  allowed_mentions: { parse: [] };
}

// https://docs.discord.com/developers/resources/message#embed-object-embed-limits
const maxTitle = 256;
const maxDescription = 4_096;
const maxFieldName = 256;
const maxFieldValue = 1_024;
const maxFields = 25;
const maxTotal = 6_000;
const maxFooter = 256;

/** Green and red are published (contract section 5); amber and blue are ours. */
const colours: Readonly<Record<Tone, number>> = {
  success: 0x22c55e,
  failure: 0xef4444,
  warning: 0xf59e0b,
  info: 0x3b82f6,
};

const form: WebhookUrlForm = {
  provider: 'Discord',
  hosts: ['discord.com', 'discordapp.com', 'ptb.discord.com', 'canary.discord.com'],
  path: /^\/api\/(?:v\d+\/)?webhooks\/\d+\/[\w-]+$/,
  publicSegment: /^(?:api|v\d+|webhooks)$/,
  example: 'https://discord.com/api/webhooks/…',
};

/**
 * Escapes every character that has a meaning in Discord's Markdown: formatting, links, mentions, and the colon that makes an address a
 * link. Lists, headings and quotes begin with one of these too, or with a number.
 */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\*_~`|>#\-+[\]()<@:]/g, '\\$&').replace(/^(\s*\d+)\.(?!\S)/gm, '$1\\.');
}

/** Escapes back-ticks: inside a code block only three in a row have a meaning. */
function escapeCode(text: string): string {
  return text.replaceAll('`', '`\u200B');
}

function toField({ name, value, url, wide = false }: NoticeField, room: number): DiscordField {
  const label = truncateEscaped(
    cleanLine(name) ?? 'Value',
    Math.min(maxFieldName, room >> 1),
    escapeMarkdown,
  );
  const max = Math.min(maxFieldValue, room - label.length);
  const address = dottedWebAddress(url);
  const text = cleanText(value) ?? 'N/A';
  const rest = max - (address ? address.length + 4 : 0);
  const shown =
    address && rest > max / 2
      ? `[${truncateEscaped(text, rest, escapeMarkdown)}](${address})`
      : truncateEscaped(text, max, escapeMarkdown);
  return { name: label, value: shown, inline: !wide };
}

function describe(notice: Notice, room: number): string {
  const text = truncateEscaped(
    cleanText(notice.text) ?? '',
    Math.min(maxDescription, room) >> 1,
    escapeMarkdown,
  );
  const error = cleanText(notice.error);
  const around = '```\n'.length + '\n```'.length + '\n'.length;
  const rest = Math.min(maxDescription, room) - text.length - around;
  return [text, error && `\`\`\`\n${truncateEscaped(error, rest, escapeCode)}\n\`\`\``]
    .filter(Boolean)
    .join('\n');
}

/** Returns one field with the links that fit, since an address cannot be truncated. */
function toLinkFields(links: NoticeLinks | undefined): DiscordField[] {
  let value = '';
  for (const { text, address } of linkList(links, dottedWebAddress)) {
    const line = [value, `[${text}](${address})`].filter(Boolean).join(' · ');
    if (line.length <= maxFieldValue) value = line;
  }
  return value === '' ? [] : [{ name: 'Links', value, inline: false }];
}

/** Returns the fields that fit. A field with too little room for its value is left out. */
function toFields(fields: readonly NoticeField[], max: number, room: number): DiscordField[] {
  const smallest = 32;
  const shown: DiscordField[] = [];
  for (const each of fields.slice(0, max)) {
    if (room < smallest) break;
    const field = toField(each, room);
    room -= field.name.length + field.value.length;
    shown.push(field);
  }
  return shown;
}

function render(event: WebhookEvent, notice: Notice): DiscordMessage {
  const title = truncateEscaped(cleanLine(notice.title) ?? 'Hostwares', maxTitle, escapeMarkdown);
  const type = cleanLine(event.event === 'unknown' ? event.type : event.event) ?? '';
  // Discord does not interpret Markdown in a footer.
  const footer = truncate(`Hostwares · ${type}`, maxFooter);
  let room = maxTotal - title.length - footer.length;
  const links = toLinkFields(notice.links);
  for (const { name, value } of links) room -= name.length + value.length;
  // At most half of the remaining length, so that a long error leaves the fields visible.
  const description = describe(notice, room >> 1);
  room -= description.length;
  const url = dottedWebAddress(notice.url);
  const time = timeOf(event.timestamp);
  return {
    embeds: [
      {
        title,
        ...(description !== '' && { description }),
        ...(url !== undefined && { url }),
        color: colours[notice.tone],
        fields: [...toFields(notice.fields, maxFields - links.length, room), ...links],
        footer: { text: footer },
        ...(time !== undefined && { timestamp: new Date(time).toISOString() }),
      },
    ],
    allowed_mentions: { parse: [] },
  };
}

/**
 * Returns the message for an event, for posting it yourself. The function is pure. Values of the event are escaped and within Discord's
 * limits: title 256, description 4096, 25 fields of 256 and 1024, 6000 in all.
 *
 * @example
 * const headers = { 'content-type': 'application/json' };
 * await fetch(url, { method: 'POST', headers, body: JSON.stringify(toDiscordMessage(event)) });
 */
export function toDiscordMessage(event: WebhookEvent, options: MessageOptions = {}): DiscordMessage {
  return render(event, composeNotice(event, describeWithPublishedFields(event), options));
}

/** @throws `TypeError` for an invalid URL, and for one that names a thread in addition to the options. */
function checkUrl(value: unknown, options: DiscordNotifierOptions): string {
  const { threadName, threadId, allowAnyHost = false } = options;
  const url = checkWebhookUrl(value, form, allowAnyHost);
  if ((threadName ?? threadId) !== undefined && new URL(url).searchParams.has('thread_id'))
    throw new TypeError(
      'The Discord URL names a thread (thread_id), and so does threadName or threadId. Remove one of them.',
    );
  return url;
}

/**
 * Returns the URL to post to. With `wait` Discord responds once the message is stored; without it, Discord reports no error for a message
 * that it did not store. The version is added because copied URLs have none, and the oldest version gives `retry_after` in milliseconds.
 */
function executeUrl(url: string, threadId: string | undefined): string {
  const address = new URL(url);
  if (threadId !== undefined) address.searchParams.set('thread_id', threadId);
  address.searchParams.set('wait', 'true');
  if (form.hosts.includes(address.hostname)) {
    address.pathname = address.pathname.replace(/^\/api\/(?:v\d+\/)?/, '/api/v10/');
  }
  return address.href;
}

/**
 * Creates a handler that posts events to a Discord channel (contract section 5), through one webhook and in order. It obeys a 429 to
 * the fraction of a second, and retries after 5xx and broken connections.
 *
 * A message can arrive twice: the platform retries an event if any of its handlers failed.
 *
 * @throws `TypeError` at set-up for a URL that is not Discord's and for invalid options, such as both `threadName` and `threadId`. The
 * handler throws `WebhookError` with the code `notifier_failed` if the message was not posted, `misconfigured` if `url` is a function without a
 * usable value.
 *
 * @example
 * receiver.on(
 *   ['deployment.completed', 'deployment.failed'],
 *   createDiscordNotifier({ url: process.env.DISCORD_WEBHOOK_URL! }),
 * );
 */
export function createDiscordNotifier(options: DiscordNotifierOptions): Notifier {
  const { url, format, links, threadName, threadId } = options;
  checkThread(options);
  return createNotifier(
    {
      ...withUrlAsSecret(form),
      secret: url,
      check: (value) => checkUrl(value, options),
      prepare(event) {
        const message = toDiscordMessage(event, { format, links });
        // JSON leaves out a name that is undefined.
        const body = { ...message, thread_name: threadName };
        return (secret) => ({ url: executeUrl(secret, threadId), body });
      },
      explain,
    },
    options,
  );
}
