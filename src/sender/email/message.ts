/** The part of an `Endpoint` that an e-mail is about. */
export interface MailedEndpoint {
  readonly id: string;
  readonly accountId: string | null;
  readonly url: string;
  readonly disabledReason: string | null;
  readonly disabledAtMs: number | null;
  readonly failingSinceMs: number | null;
  readonly lastError: string | null;
}

/** The part of a `HeldNotice` that an e-mail is about. */
export interface MailedHeldNotice {
  readonly state: 'expiring' | 'dropped';
  readonly fromMs: number;
  readonly deliveries: number;
}

/** An e-mail, as nodemailer takes it. */
export interface Message {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A row of the table in an e-mail. */
type Detail = readonly [label: string, value: string];

/** The content of an e-mail, before it is rendered as text and as HTML. */
interface Content {
  readonly subject: string;
  readonly headline: string;
  /** The reason for the e-mail. */
  readonly reason: string;
  readonly details: readonly Detail[];
  /** The steps for the reader to take. */
  readonly steps: string;
  /** The API request for these steps. */
  readonly request: string;
}

const maxValueLength = 500;

const disabledReasons: Record<string, string> = {
  failures: 'All retries of an event failed.',
  gone: 'It answered with HTTP 410 Gone.',
  manual: 'It was disabled manually.',
};

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '');
}

/** Puts a value on one line, so that a value from outside cannot pose as other parts of the e-mail. */
function toLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, maxValueLength);
}

function formatTime(ms: number | null): string {
  return ms === null ? 'unknown' : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The host alone: a path can be long, and may contain a secret. */
function hostOf(url: string): string {
  return toLine(URL.canParse(url) ? new URL(url).host : 'unknown host');
}

function toText({ headline, reason, details, steps, request }: Content): string {
  const width = Math.max(...details.map(([label]) => label.length)) + 2;
  const table = details.map(([label, value]) => `${label}:`.padEnd(width) + value).join('\n');
  return `${[`${headline}.`, reason, table, steps, request].join('\n\n')}\n`;
}

function toHtml({ headline, reason, details, steps, request }: Content): string {
  const rows = details.map(
    ([label, value]) =>
      `<tr><th align="left" style="padding:2px 16px 2px 0">${label}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return [
    '<!doctype html><html lang="en"><body style="font-family:sans-serif;color:#111827">',
    `<h1 style="font-size:18px">${headline}</h1>`,
    `<p>${reason}</p>`,
    `<table style="border-collapse:collapse">${rows.join('')}</table>`,
    `<p>${escapeHtml(steps)}</p>`,
    `<pre style="background:#f3f4f6;padding:12px">${escapeHtml(request)}</pre>`,
    '</body></html>',
  ].join('\n');
}

function toMessage(content: Content): Message {
  return { subject: content.subject, text: toText(content), html: toHtml(content) };
}

/** The request that enables an endpoint and releases its held events. */
function enableRequest({ id }: MailedEndpoint, platformUrl: URL): string {
  return [
    `POST ${platformUrl.origin}/api/webhooks/${id}/enable`,
    'Authorization: Bearer <API key>',
    'Content-Type: application/json',
    '',
    '{"release": true}',
  ].join('\n');
}

/** Writes the e-mail about an endpoint that was disabled. */
export function disabledMessage(endpoint: MailedEndpoint, platformUrl: URL): Message {
  const reason = disabledReasons[endpoint.disabledReason ?? ''] ?? 'The reason is unknown.';
  return toMessage({
    subject: `Webhook endpoint disabled: ${hostOf(endpoint.url)}`,
    headline: 'Your webhook endpoint was disabled',
    reason: `${reason} Events for this endpoint are now held. They are kept for a limited time, then dropped.`,
    details: [
      ['Endpoint', toLine(endpoint.url)],
      ['ID', endpoint.id],
      ['Disabled at', formatTime(endpoint.disabledAtMs)],
      ['Failing since', formatTime(endpoint.failingSinceMs)],
      ['Last error', toLine(endpoint.lastError ?? 'unknown')],
    ],
    steps:
      'Fix the endpoint. Then enable it under Settings → Webhooks, or with the API request below. Its "release" field sends the held events at once.',
    request: enableRequest(endpoint, platformUrl),
  });
}

/** Writes the e-mail about held events that will be dropped, or the first of which was dropped. */
export function heldMessage(endpoint: MailedEndpoint, notice: MailedHeldNotice, platformUrl: URL): Message {
  const isDropped = notice.state === 'dropped';
  return toMessage({
    subject: `Webhook events ${isDropped ? 'were' : 'will be'} dropped: ${hostOf(endpoint.url)}`,
    headline: `Held webhook events ${isDropped ? 'are being' : 'will be'} dropped`,
    reason: isDropped
      ? 'Your endpoint has been disabled for so long, or has so many held events, that the oldest ones are being dropped.'
      : 'Your endpoint is disabled, so its events are held. They are kept for a limited time and up to a limited amount, then dropped.',
    details: [
      ['Endpoint', toLine(endpoint.url)],
      ['ID', endpoint.id],
      ['Disabled at', formatTime(endpoint.disabledAtMs)],
      ['Held events', String(notice.deliveries)],
      ['First drop', formatTime(notice.fromMs)],
    ],
    steps:
      'To receive the events that are still held, enable the endpoint under Settings → Webhooks, or with the API request below. Its "release" field sends them at once.',
    request: enableRequest(endpoint, platformUrl),
  });
}
