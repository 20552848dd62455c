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

/** The mail of a disabled endpoint. */
export function disabledMessage(endpoint: MailedEndpoint, platformUrl: URL): Message {
  const facts: readonly (readonly [string, string])[] = [
    ['Endpoint', line(endpoint.url)],
    ['Id', endpoint.id],
    ['Disabled at', time(endpoint.disabledAtMs)],
    ['Failing since', time(endpoint.failingSinceMs)],
    ['Last error', line(endpoint.lastError ?? 'unknown')],
  ];
  const reason = why[endpoint.disabledReason ?? ''] ?? 'It was disabled.';
  const held = 'Events are held from now on, and none is lost.';
  const call = `POST ${platformUrl.origin}/api/webhooks/${endpoint.id}/enable`;
  const steps =
    'Mend the endpoint, then enable it under Settings → Webhooks, or by the API. With "release" what was held is sent at once:';
  const text = [
    'Your webhook endpoint was disabled.',
    `${reason} ${held}`,
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
    '<h1 style="font-size:18px">Your webhook endpoint was disabled</h1>',
    `<p>${reason} ${held}</p>`,
    `<table style="border-collapse:collapse">${rows.join('')}</table>`,
    `<p>${escapeHtml(steps)}</p>`,
    `<pre style="background:#f3f4f6;padding:12px">${escapeHtml(text.at(-1) ?? '')}</pre>`,
    '</body></html>',
  ];
  return {
    subject: `Webhook endpoint disabled: ${line(hostOf(endpoint.url))}`,
    text: `${text.join('\n\n')}\n`,
    html: html.join('\n'),
  };
}
