import type { WebhookEvent } from '../events/types.js';
import { describeEvent } from './describe.js';
import { webAddress } from './links.js';
import { applyFormat, type Notice, type NoticeField, type NoticeFormats, type Tone } from './notice.js';
import { createNotifier, type Notifier, type NotifierOptions, type NotifierSecret } from './notifier.js';
import { cleanLine, cleanText, cut, fit } from './text.js';
import { timeOf } from './words.js';
import { checkWebhookUrl, sensitivePartsOf, shownUrlOf, type WebhookUrlForm } from './webhook-url.js';

/** Options of {@link createDiscordNotifier}. */
export interface DiscordNotifierOptions extends NotifierOptions {
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

/** A message for a webhook. It can mention nobody, whatever is in it. */
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
  shown: 'https://discord.com/api/webhooks/…',
};

/**
 * All that Discord's Markdown gives a meaning: formatting, links, mentions, and the colon that makes an
 * address a link. Lists, headings and quotes begin with one of these too, or with a number.
 */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\*_~`|>#\-+[\]()<@:]/g, '\\$&').replace(/^(\s*\d+)\.(?!\S)/gm, '$1\\.');
}

/** Inside a code block only three back-ticks in a row have a meaning. */
function escapeCode(text: string): string {
  return text.replaceAll('`', '`\u200B');
}

function toField({ name, value, url, wide = false }: NoticeField, room: number): DiscordField {
  const label = fit(cleanLine(name) ?? 'Value', Math.min(maxFieldName, room >> 1), escapeMarkdown);
  const max = Math.min(maxFieldValue, room - label.length);
  const address = webAddress(url);
  const text = cleanText(value) ?? 'N/A';
  const rest = max - (address ? address.length + 4 : 0);
  const shown =
    address && rest > max / 2
      ? `[${fit(text, rest, escapeMarkdown)}](${address})`
      : fit(text, max, escapeMarkdown);
  return { name: label, value: shown, inline: !wide };
}

function describe(notice: Notice, room: number): string {
  const text = fit(cleanText(notice.text) ?? '', Math.min(maxDescription, room) >> 1, escapeMarkdown);
  const error = cleanText(notice.error);
  const around = '```\n'.length + '\n```'.length + '\n'.length;
  const rest = Math.min(maxDescription, room) - text.length - around;
  return [text, error && `\`\`\`\n${fit(error, rest, escapeCode)}\n\`\`\``].filter(Boolean).join('\n');
}

/** As many fields as Discord takes, and none that would leave no room for what is in it. */
function toFields(fields: readonly NoticeField[], room: number): DiscordField[] {
  const smallest = 32;
  const shown: DiscordField[] = [];
  for (const each of fields.slice(0, maxFields)) {
    if (room < smallest) break;
    const field = toField(each, room);
    room -= field.name.length + field.value.length;
    shown.push(field);
  }
  return shown;
}

function render(event: WebhookEvent, notice: Notice): DiscordMessage {
  const title = fit(cleanLine(notice.title) ?? 'Hostwares', maxTitle, escapeMarkdown);
  const type = cleanLine(event.event === 'unknown' ? event.type : event.event) ?? '';
  // Not Markdown to Discord.
  const footer = cut(`Hostwares · ${type}`, maxFooter);
  let room = maxTotal - title.length - footer.length;
  // Half of it at most, so that a long error leaves the fields in sight.
  const description = describe(notice, room >> 1);
  room -= description.length;
  const url = webAddress(notice.url);
  const time = timeOf(event.timestamp);
  return {
    embeds: [
      {
        title,
        ...(description !== '' && { description }),
        ...(url !== undefined && { url }),
        color: colours[notice.tone],
        fields: toFields(notice.fields, room),
        footer: { text: footer },
        ...(time !== undefined && { timestamp: new Date(time).toISOString() }),
      },
    ],
    allowed_mentions: { parse: [] },
  };
}

/**
 * The message for an event, for those who post it themselves. Pure. All text from outside is escaped and
 * within Discord's limits: title 256, description 4096, 25 fields of 256 and 1024, 6000 in all.
 *
 * @example
 * const headers = { 'content-type': 'application/json' };
 * await fetch(url, { method: 'POST', headers, body: JSON.stringify(toDiscordMessage(event)) });
 */
export function toDiscordMessage(
  event: WebhookEvent,
  options: { format?: NoticeFormats } = {},
): DiscordMessage {
  return render(event, applyFormat(event, describeEvent(event), options.format));
}

/**
 * Where to post to. With `wait` Discord answers once the message is kept; without, one that was not kept is
 * no error. The version is named: addresses as copied from Discord have none, and in the oldest one, which
 * may then answer, `retry_after` is in milliseconds.
 */
function executeUrl(url: string): string {
  const address = new URL(url);
  address.searchParams.set('wait', 'true');
  if (form.hosts.includes(address.hostname)) {
    address.pathname = address.pathname.replace(/^\/api\/(?:v\d+\/)?/, '/api/v10/');
  }
  return address.href;
}

/**
 * A handler that posts events to a Discord channel (contract section 5): one webhook, messages in order,
 * 429 obeyed to the fraction of a second, 5xx and broken connections tried again.
 *
 * A message can arrive twice: the platform sends an event again when any handler of it failed.
 *
 * @throws `TypeError` at set-up for a URL that is not Discord's and for options that cannot work. The handler
 * throws {@link WebhookError} `notifier_failed` when the message did not go out, `misconfigured` when `url`
 * is a function without a usable value.
 *
 * @example
 * receiver.on(
 *   ['deployment.completed', 'deployment.failed'],
 *   createDiscordNotifier({ url: process.env.DISCORD_WEBHOOK_URL! }),
 * );
 */
export function createDiscordNotifier(options: DiscordNotifierOptions): Notifier {
  const { url, format = {}, allowAnyHost = false } = options;
  return createNotifier(
    {
      name: form.provider,
      shownUrl: shownUrlOf,
      secret: url,
      check: (value) => checkWebhookUrl(value, form, allowAnyHost),
      prepare(event) {
        const body = toDiscordMessage(event, { format });
        return (secret) => ({ url: executeUrl(secret), body });
      },
      sensitiveParts: sensitivePartsOf,
    },
    options,
  );
}
