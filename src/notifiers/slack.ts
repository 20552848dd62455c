import type { WebhookEvent } from '../events/types.js';
import { describeEvent } from './message/describe.js';
import { linkList, webAddress } from './message/links.js';
import { composeNotice, type MessageOptions } from './message/compose.js';
import type { Notice, NoticeField, NoticeLinks, Tone } from './message/notice.js';
import { createNotifier, type Notifier, type NotifierOptions } from './delivery/notifier.js';
import type { NotifierSecret } from './delivery/provider.js';
import { cleanLine, cleanText, truncate, truncateEscaped } from './message/text.js';
import { timeOf } from './message/format.js';
import { checkWebhookUrl, withUrlAsSecret, type WebhookUrlForm } from './delivery/webhook-url.js';

/** Options of {@link createSlackNotifier}. */
export interface SlackNotifierOptions extends NotifierOptions {
  /** The incoming webhook's URL, `https://hooks.slack.com/services/…`. It is a secret. */
  url: NotifierSecret;
}

/** Text with Slack's markup. `verbatim` keeps Slack from making names and addresses into links. */
export interface SlackMarkup {
  type: 'mrkdwn';
  text: string;
  verbatim: true;
}

/** The blocks that messages here are made of. */
export type SlackBlock =
  | { type: 'section'; text: SlackMarkup }
  | { type: 'section'; fields: SlackMarkup[] }
  | { type: 'context'; elements: SlackMarkup[] };

/** A message for an incoming webhook. */
export interface SlackMessage {
  /** The text of notifications and for screen readers; clients show the blocks instead. */
  text: string;
  blocks: SlackBlock[];
  /** The same card again, with its colour at the side. */
  attachments: { color: string; fallback: string; blocks: SlackBlock[] }[];
  unfurl_links: false;
  unfurl_media: false;
}

// https://docs.slack.dev/reference/block-kit/blocks
/** A title is a line, not a paragraph. */
const maxTitle = 256;
const maxSection = 3_000;
const maxField = 2_000;
const maxFieldsPerSection = 10;
// Of 50 blocks; text, error and context take one each, links two at most.
const maxFieldRows = 45;
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
  publicSegment: /^services$/,
  example: 'https://hooks.slack.com/services/…',
};

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Escapes the characters that begin a mention, a channel or a link. */
function escapeControl(text: string): string {
  return text.replace(/[&<>]/g, (char) => entities[char] as string);
}

/**
 * Escapes every character that has a meaning in Slack's markup. It has no escape for `*`, `_`, `~` and back-ticks, but between zero-width
 * spaces they neither begin nor end formatting. Within a word they have no meaning.
 */
function escapeMarkup(text: string): string {
  return escapeControl(text)
    .replace(/`|(?<![a-z0-9])[*_~]|[*_~](?![a-z0-9])/gi, '\u200B$&\u200B')
    .replace(/:(?=[\w+-]+:)/g, ':\u200B')
    .replace(/^&gt;/gm, '\u200B&gt;');
}

/** Escapes back-ticks: inside a code block only its end has a meaning. */
function escapeCode(text: string): string {
  return escapeControl(text).replaceAll('`', '\u200B`\u200B');
}

function markup(text: string): SlackMarkup {
  return { type: 'mrkdwn', text, verbatim: true };
}

function link(url: string | undefined, max: number, text: string): string {
  const address = url && escapeControl(url);
  const room = max - (address ? address.length + 3 : 0);
  // An address is left out if no room remains for its text.
  if (!address || room < max / 2) return truncateEscaped(text, max, escapeMarkup);
  // A label is one line, and a bar would end it.
  const label = text.replace(/\s+/g, ' ').replaceAll('|', '\u2223');
  return `<${address}|${truncateEscaped(label, room, escapeMarkup)}>`;
}

function toField({ name, value, url }: NoticeField): SlackMarkup {
  const label = `*${truncateEscaped(cleanLine(name) ?? 'Value', 200, escapeMarkup)}*\n`;
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
      // A field of a section gets only half of the width.
      rows.push({ type: 'section', text: toField(field) });
    } else if (narrow.push(toField(field)) === maxFieldsPerSection) flush();
  }
  flush();
  return rows;
}

function toContext(event: WebhookEvent): SlackBlock {
  const type = truncateEscaped(
    cleanLine(event.event === 'unknown' ? event.type : event.event) ?? '',
    200,
    escapeMarkup,
  );
  const time = timeOf(event.timestamp);
  if (time === undefined) return { type: 'context', elements: [markup(`Hostwares · ${type}`)] };
  // Slack shows the date in the reader's own time zone. The text after the bar is for clients that cannot.
  const utc = `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const shown = `<!date^${Math.floor(time / 1000)}^{date_short_pretty} at {time}|${utc}>`;
  return { type: 'context', elements: [markup(`Hostwares · ${type} · ${shown}`)] };
}

/** Returns the links on one line, or each in its own section if they are too long for one. */
function toLinkSections(links: NoticeLinks | undefined): SlackBlock[] {
  const each = linkList(links, webAddress).map(({ address, text }) => `<${escapeControl(address)}|${text}>`);
  const line = each.join(' · ');
  const lines = line.length > maxSection ? each : [line];
  return lines.filter((text) => text !== '' && text.length <= maxSection).map(section);
}

function toCard(notice: Notice): SlackBlock[] {
  const text = cleanText(notice.text);
  const error = cleanText(notice.error);
  return [
    ...(text ? [section(truncateEscaped(text, maxSection, escapeMarkup))] : []),
    ...(error ? [section(`\`\`\`\n${truncateEscaped(error, maxSection - 8, escapeCode)}\n\`\`\``)] : []),
    ...toSections(notice.fields).slice(0, maxFieldRows),
    ...toLinkSections(notice.links),
  ];
}

function render(event: WebhookEvent, notice: Notice): SlackMessage {
  const title = cleanLine(notice.title) ?? 'Hostwares';
  const summary = [title, cleanLine(notice.error) ?? cleanLine(notice.text)].filter(Boolean).join(': ');
  const fallback = truncateEscaped(summary, maxFallback, escapeMarkup);
  const linked = link(webAddress(notice.url), maxSection - 2, truncate(title, maxTitle));
  return {
    text: fallback,
    // A header block cannot be a link.
    blocks: [section(`*${linked}*`)],
    attachments: [{ color: colours[notice.tone], fallback, blocks: [...toCard(notice), toContext(event)] }],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/**
 * Returns the message for an event, for posting it yourself. The function is pure. Values of the event are escaped and within Slack's
 * limits: section 3000, 10 fields of 2000 each, 50 blocks.
 *
 * @example
 * await fetch(url, { method: 'POST', body: JSON.stringify(toSlackMessage(event)) });
 */
export function toSlackMessage(event: WebhookEvent, options: MessageOptions = {}): SlackMessage {
  return render(event, composeNotice(event, describeEvent(event), options));
}

/** Fixes by Slack's response body. Slack documents these errors of incoming webhooks, each of one word. */
const explanations: ReadonlyMap<string, string> = new Map([
  ['channel_is_archived', 'The channel is archived. Unarchive it, or create a webhook for another channel.'],
  [
    'action_prohibited',
    'A restriction of the workspace forbids the post. Ask its administrators to allow the app.',
  ],
  [
    'posting_to_general_channel_denied',
    'Only some members may post to this channel. Ask an administrator, or create a webhook for another channel.',
  ],
]);

/**
 * Creates a handler that posts events to a Slack channel (contract section 5), through one incoming webhook and in order. It obeys a
 * 429, and retries after 5xx and broken connections.
 *
 * A message can arrive twice: the platform retries an event if any of its handlers failed.
 *
 * @throws `TypeError` at set-up for a URL that is not Slack's and for invalid options. The handler
 * throws `WebhookError` with the code `notifier_failed` if the message was not posted, `misconfigured` if `url` is a
 * function without a usable value.
 *
 * @example
 * receiver.on('deployment.failed', createSlackNotifier({ url: process.env.SLACK_WEBHOOK_URL! }));
 */
export function createSlackNotifier(options: SlackNotifierOptions): Notifier {
  const { url, format, links, allowAnyHost = false } = options;
  return createNotifier(
    {
      ...withUrlAsSecret(form),
      secret: url,
      check: (value) => checkWebhookUrl(value, form, allowAnyHost),
      prepare(event) {
        const body = toSlackMessage(event, { format, links });
        return (secret) => ({ url: secret, body });
      },
      explain: (answer) => explanations.get(answer.trim()),
    },
    options,
  );
}
