import type { WebhookEvent } from '../events/types.js';
import { describeEvent } from './describe.js';
import { webAddress } from './links.js';
import { applyFormat, type Notice, type NoticeField, type NoticeFormats, type Tone } from './notice.js';
import { createNotifier, type Notifier, type NotifierOptions, type NotifierSecret } from './notifier.js';
import { cleanLine, cleanText, fit } from './text.js';
import { timeOf } from './words.js';
import { checkWebhookUrl, sensitivePartsOf, shownUrlOf, type WebhookUrlForm } from './webhook-url.js';

/** Options of {@link createSlackNotifier}. */
export interface SlackNotifierOptions extends NotifierOptions {
  /** The incoming webhook's URL, `https://hooks.slack.com/services/…`. It is a secret. */
  url: NotifierSecret;
}

/** Text without markup. */
export interface SlackPlainText {
  type: 'plain_text';
  text: string;
  emoji: boolean;
}

/** Text with Slack's markup. Verbatim: names and addresses in it are not made into links. */
export interface SlackMarkup {
  type: 'mrkdwn';
  text: string;
  verbatim: true;
}

/** The blocks that messages here are made of. */
export type SlackBlock =
  | { type: 'header'; text: SlackPlainText }
  | { type: 'section'; text: SlackMarkup }
  | { type: 'section'; fields: SlackMarkup[] }
  | { type: 'context'; elements: SlackMarkup[] };

/** A message for an incoming webhook. */
export interface SlackMessage {
  /** What notifications and screen readers say; clients show the blocks instead. */
  text: string;
  blocks: SlackBlock[];
  /** The same card again, with its colour at the side. */
  attachments: { color: string; fallback: string; blocks: SlackBlock[] }[];
  unfurl_links: false;
  unfurl_media: false;
}

// https://docs.slack.dev/reference/block-kit/blocks
const maxHeader = 150;
const maxSection = 3_000;
const maxField = 2_000;
const maxFieldsPerSection = 10;
const maxBlocks = 50;
const maxFallback = 500;

const colours: Readonly<Record<Tone, string>> = {
  success: '#22c55e',
  failure: '#ef4444',
  warning: '#f59e0b',
  info: '#3b82f6',
};

const form: WebhookUrlForm = {
  provider: 'Slack',
  hosts: ['hooks.slack.com', 'hooks.slack-gov.com'],
  path: /^\/services\/\w+\/\w+\/\w+$/,
  shown: 'https://hooks.slack.com/services/…',
};

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** The three characters that Slack reads as the beginning of a mention, a channel or a link. */
function escapeControl(text: string): string {
  return text.replace(/[&<>]/g, (char) => entities[char] as string);
}

/**
 * All that Slack's markup gives a meaning. It has no escape for `*`, `_`, `~` and back-ticks; with a space
 * of no width at either side they are neither the beginning nor the end of anything. Within a word they
 * mean nothing.
 */
function escapeMarkup(text: string): string {
  return escapeControl(text)
    .replace(/`|(?<![a-z0-9])[*_~]|[*_~](?![a-z0-9])/gi, '\u200B$&\u200B')
    .replace(/:(?=[\w+-]+:)/g, ':\u200B')
    .replace(/^&gt;/gm, '\u200B&gt;');
}

/** Inside a code block only its end has a meaning. */
function escapeCode(text: string): string {
  return escapeControl(text).replaceAll('`', '\u200B`\u200B');
}

function markup(text: string): SlackMarkup {
  return { type: 'mrkdwn', text, verbatim: true };
}

function link(url: string | undefined, max: number, text: string): string {
  const address = url && escapeControl(url);
  const room = max - (address ? address.length + 3 : 0);
  // An address that leaves no room for its text is none to click on.
  if (!address || room < max / 2) return fit(text, max, escapeMarkup);
  // One line, and no second bar.
  const label = text.replace(/\s+/g, ' ').replaceAll('|', '\u2223');
  return `<${address}|${fit(label, room, escapeMarkup)}>`;
}

function toField({ name, value, url }: NoticeField): SlackMarkup {
  const label = `*${fit(cleanLine(name) ?? 'Value', 200, escapeMarkup)}*\n`;
  return markup(label + link(webAddress(url), maxField - label.length, cleanText(value) ?? 'N/A'));
}

function section(text: string): SlackBlock {
  return { type: 'section', text: markup(text) };
}

function toSections(fields: readonly NoticeField[]): SlackBlock[] {
  const rows: SlackBlock[] = [];
  let narrow: SlackMarkup[] = [];
  const flush = (): void => {
    if (narrow.length > 0) rows.push({ type: 'section', fields: narrow });
    narrow = [];
  };
  for (const field of fields) {
    if (field.wide) {
      flush();
      rows.push({ type: 'section', fields: [toField(field)] });
    } else if (narrow.push(toField(field)) === maxFieldsPerSection) flush();
  }
  flush();
  return rows;
}

function toContext(event: WebhookEvent): SlackBlock {
  const type = fit(cleanLine(event.event === 'unknown' ? event.type : event.event) ?? '', 200, escapeMarkup);
  const time = timeOf(event.timestamp);
  if (time === undefined) return { type: 'context', elements: [markup(`Hostwares · ${type}`)] };
  // Slack writes it in the reader's own time zone; the text after the bar is for clients that cannot.
  const utc = `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const shown = `<!date^${Math.floor(time / 1000)}^{date_short_pretty} at {time}|${utc}>`;
  return { type: 'context', elements: [markup(`Hostwares · ${type} · ${shown}`)] };
}

function render(event: WebhookEvent, notice: Notice): SlackMessage {
  const title = cleanLine(notice.title) ?? 'Hostwares';
  const text = cleanText(notice.text);
  const error = cleanText(notice.error);
  const summary = [title, cleanLine(error) ?? cleanLine(text)].filter(Boolean).join(': ');
  const address = webAddress(notice.url);
  const linked = notice.fields.some(({ url }) => webAddress(url) === address);
  const fallback = fit(summary, maxFallback, escapeMarkup);
  const card = [
    ...(text ? [section(fit(text, maxSection, escapeMarkup))] : []),
    ...toSections(notice.fields),
    // A header cannot be a link.
    ...(address && !linked ? [section(link(address, maxSection, 'Open'))] : []),
    ...(error ? [section(`\`\`\`\n${fit(error, maxSection - 8, escapeCode)}\n\`\`\``)] : []),
  ];
  return {
    text: fallback,
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: fit(title, maxHeader, escapeControl), emoji: false },
      },
    ],
    attachments: [
      {
        color: colours[notice.tone],
        fallback,
        blocks: [...card.slice(0, maxBlocks - 2), toContext(event)],
      },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/**
 * The message for an event, for those who post it themselves. Pure. All text from outside is escaped and
 * within Slack's limits: header 150, section 3000, 10 fields of 2000 each, 50 blocks.
 *
 * @example
 * await fetch(url, { method: 'POST', body: JSON.stringify(toSlackMessage(event)) });
 */
export function toSlackMessage(event: WebhookEvent, options: { format?: NoticeFormats } = {}): SlackMessage {
  return render(event, applyFormat(event, describeEvent(event), options.format));
}

/**
 * A handler that posts events to a Slack channel (contract section 5): one incoming webhook, messages in
 * order, 429 obeyed, 5xx and broken connections tried again.
 *
 * A message can arrive twice: the platform sends an event again when any handler of it failed.
 *
 * @throws `TypeError` at set-up for a URL that is not Slack's and for options that cannot work. The handler
 * throws {@link WebhookError} `notifier_failed` when the message did not go out, `misconfigured` when `url`
 * is a function without a usable value.
 *
 * @example
 * receiver.on('deployment.failed', createSlackNotifier({ url: process.env.SLACK_WEBHOOK_URL! }));
 */
export function createSlackNotifier(options: SlackNotifierOptions): Notifier {
  const { url, format = {}, allowAnyHost = false } = options;
  return createNotifier(
    {
      name: form.provider,
      shownUrl: shownUrlOf,
      secret: url,
      check: (value) => checkWebhookUrl(value, form, allowAnyHost),
      prepare(event) {
        const body = toSlackMessage(event, { format });
        return (secret) => ({ url: secret, body });
      },
      sensitiveParts: sensitivePartsOf,
    },
    options,
  );
}
