/** What the mail tells of an endpoint: any `Endpoint` has it. */
export interface MailedEndpoint {
  readonly id: string;
  readonly accountId: string | null;
  readonly url: string;
  readonly disabledReason: string | null;
  readonly disabledAtMs: number | null;
  readonly failingSinceMs: number | null;
  readonly lastError: string | null;
}

/** What the mail says about held deliveries: any `HeldNotice` has it. */
export interface MailedHeldNotice {
  readonly state: 'expiring' | 'dropped';
  readonly fromMs: number;
  readonly deliveries: number;
}

/** What nodemailer sends. */
export interface Message {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '');
}

/** One line: what comes from outside must not look like more of the mail. */
function line(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 500);
}

function time(ms: number | null): string {
  return ms === null ? 'unknown' : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Host alone: a path may be long, and holds secrets more often than it should. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'unknown host';
}

const why: Record<string, string> = {
  failures: 'All five retries of an event have failed.',
  gone: 'It answered 410 Gone.',
};

type Facts = readonly (readonly [string, string])[];

/** A mail as text and as HTML: a headline, why, the facts, and the call that helps. */
function toMessage(
  subject: string,
  headline: string,
  reason: string,
  facts: Facts,
  steps: string,
  call: string,
): Message {
  const text = [
    `${headline}.`,
    reason,
    facts.map(([name, value]) => `${`${name}:`.padEnd(15)}${value}`).join('\n'),
    steps,
    `${call}\nAuthorization: Bearer <API key>\nContent-Type: application/json\n\n{"release": true}`,
  ];
  const rows = facts.map(
    ([name, value]) =>
      `<tr><th align="left" style="padding:2px 16px 2px 0">${name}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  const html = [
    '<!doctype html><html lang="en"><body style="font-family:sans-serif;color:#111827">',
    `<h1 style="font-size:18px">${headline}</h1>`,
    `<p>${reason}</p>`,
    `<table style="border-collapse:collapse">${rows.join('')}</table>`,
    `<p>${escapeHtml(steps)}</p>`,
    `<pre style="background:#f3f4f6;padding:12px">${escapeHtml(text.at(-1) ?? '')}</pre>`,
    '</body></html>',
  ];
  return { subject, text: `${text.join('\n\n')}\n`, html: html.join('\n') };
}

function enableCall({ id }: MailedEndpoint, platformUrl: URL): string {
  return `POST ${platformUrl.origin}/api/webhooks/${id}/enable`;
}

/** The mail of a disabled endpoint. */
export function disabledMessage(endpoint: MailedEndpoint, platformUrl: URL): Message {
  const reason = why[endpoint.disabledReason ?? ''] ?? 'It was disabled.';
  return toMessage(
    `Webhook endpoint disabled: ${line(hostOf(endpoint.url))}`,
    'Your webhook endpoint was disabled',
    `${reason} Events are held from now on. They are kept for a limited time: you will get another e-mail before any is dropped.`,
    [
      ['Endpoint', line(endpoint.url)],
      ['Id', endpoint.id],
      ['Disabled at', time(endpoint.disabledAtMs)],
      ['Failing since', time(endpoint.failingSinceMs)],
      ['Last error', line(endpoint.lastError ?? 'unknown')],
    ],
    'Fix the endpoint, then enable it under Settings → Webhooks, or by the API. With "release" what was held is sent at once:',
    enableCall(endpoint, platformUrl),
  );
}

/** The mail about held deliveries that will be dropped, or of which the first was. */
export function heldMessage(endpoint: MailedEndpoint, notice: MailedHeldNotice, platformUrl: URL): Message {
  const host = line(hostOf(endpoint.url));
  const isDropped = notice.state === 'dropped';
  return toMessage(
    isDropped ? `Webhook events were dropped: ${host}` : `Webhook events will be dropped: ${host}`,
    isDropped ? 'Held webhook events are being dropped' : 'Held webhook events will be dropped',
    isDropped
      ? 'Your endpoint has been disabled for so long, or so much is held for it, that the oldest events are dropped.'
      : 'Your endpoint is disabled, and events are held for it. They are kept for a limited time and in a limited amount.',
    [
      ['Endpoint', line(endpoint.url)],
      ['Id', endpoint.id],
      ['Disabled at', time(endpoint.disabledAtMs)],
      ['Held now', String(notice.deliveries)],
      [isDropped ? 'Dropped since' : 'Dropped from', time(notice.fromMs)],
    ],
    'To get what is held, enable the endpoint under Settings → Webhooks, or by the API, with "release":',
    enableCall(endpoint, platformUrl),
  );
}
