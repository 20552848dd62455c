// Renders messages as HTML in the way that Slack, Discord and PagerDuty show them, with each provider's markup parsed by its rules.
const escapeHtml = (text) =>
  text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char]);
const entities = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };
const decode = (text) => text.replace(/&(?:amp|lt|gt);/g, (entity) => entities[entity]);
const clock = (date) =>
  new Date(date).toLocaleString('en-GB', { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'short' });

/** Renders Slack's mrkdwn: links, dates, code blocks, bold, italics, strike-through, mentions and quotes. */
function slackMarkup(text) {
  const tokens =
    /```\n?([^]*?)\n?```|<([^<>|]+)(?:\|([^<>]*))?>|(?<![a-z0-9])\*(?=[^\s\u200B])([^*\n]+?)(?<=[^\s\u200B])\*(?![a-z0-9])|(?<![a-z0-9])_(?=[^\s\u200B])([^_\n]+?)(?<=[^\s\u200B])_(?![a-z0-9])|(?<![a-z0-9])~(?=[^\s\u200B])([^~\n]+?)(?<=[^\s\u200B])~(?![a-z0-9])|`([^`\n]+)`/gi;
  let html = '';
  let end = 0;
  const plain = (part) => escapeHtml(decode(part));
  for (const match of text.matchAll(tokens)) {
    html += plain(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [, block, target, label, bold, italic, strike, code] = match;
    if (block !== undefined) html += `<pre>${plain(block)}</pre>`;
    else if (target?.startsWith('!date')) html += clock(Number(target.split('^')[1]) * 1000);
    else if (/^[!@#]/.test(target ?? '')) html += `<mark>${plain(label ?? target)}</mark>`;
    else if (target !== undefined) html += `<a href="${plain(target)}">${plain(label ?? target)}</a>`;
    else if (bold) html += `<b>${slackMarkup(bold)}</b>`;
    else if (italic) html += `<i>${plain(italic)}</i>`;
    else if (strike) html += `<s>${plain(strike)}</s>`;
    else html += `<code>${plain(code)}</code>`;
  }
  return html + plain(text.slice(end));
}

function slackBlock(block) {
  switch (block.type) {
    case 'context':
      return `<small>${block.elements.map(({ text }) => slackMarkup(text)).join(' ')}</small>`;
    default:
      return block.text
        ? `<p>${slackMarkup(block.text.text)}</p>`
        : `<div class="fields">${block.fields.map(({ text }) => `<div>${slackMarkup(text)}</div>`).join('')}</div>`;
  }
}

export function slackHtml({ blocks, attachments }) {
  const cards = attachments.map(
    ({ color, blocks }) =>
      `<div class="card" style="border-color:${color}">${blocks.map(slackBlock).join('')}</div>`,
  );
  return `<div class="slack"><div class="avatar">H</div><div><b>Hostwares</b> <span class="app">APP</span>${blocks.map(slackBlock).join('')}${cards.join('')}</div></div>`;
}

/** Renders Discord's Markdown: escapes, code, links, mentions, formatting, headings, quotes and lists. */
function discordMarkdown(text) {
  const tokens =
    /```\n?([^]*?)\n?```|\\([^0-9A-Za-z\s])|\[((?:\\.|[^\]\\])+)\]\((https?:[^)\s]+)\)|\*\*([^]+?)\*\*|(?<![\w*])[*_]([^*_]+?)[*_]|~~([^]+?)~~|\|\|([^]+?)\|\||`([^`]+)`|(<[@#:][^>]*>|@everyone|@here)|(https?:\/\/\S+)/g;
  let html = '';
  let end = 0;
  for (const match of text.matchAll(tokens)) {
    html += escapeHtml(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [, block, escaped, label, target, bold, italic, strike, spoiler, code, mention, address] = match;
    if (block !== undefined) html += `<pre>${escapeHtml(block)}</pre>`;
    else if (escaped !== undefined) html += escapeHtml(escaped);
    else if (label !== undefined) html += `<a href="${escapeHtml(target)}">${discordMarkdown(label)}</a>`;
    else if (bold !== undefined) html += `<b>${discordMarkdown(bold)}</b>`;
    else if (italic !== undefined) html += `<i>${discordMarkdown(italic)}</i>`;
    else if (strike !== undefined) html += `<s>${discordMarkdown(strike)}</s>`;
    else if (spoiler !== undefined) html += `<mark>spoiler</mark>`;
    else if (code !== undefined) html += `<code>${escapeHtml(code)}</code>`;
    else if (mention !== undefined) html += `<mark>${escapeHtml(mention)}</mark>`;
    else html += `<a href="${escapeHtml(address)}">${escapeHtml(address)}</a>`;
  }
  return html + escapeHtml(text.slice(end));
}

export function discordHtml({ embeds: [embed] }) {
  const title = discordMarkdown(embed.title);
  const fields = embed.fields.map(
    ({ name, value, inline }) =>
      `<div class="${inline ? '' : 'wide'}"><b>${discordMarkdown(name)}</b><span>${discordMarkdown(value)}</span></div>`,
  );
  return `<div class="discord"><div class="avatar">H</div><div><b>Hostwares</b> <span class="app">APP</span>
    <div class="embed" style="border-color:#${embed.color.toString(16).padStart(6, '0')}">
      <h3>${embed.url ? `<a href="${escapeHtml(embed.url)}">${title}</a>` : title}</h3>
      ${embed.description ? `<p>${discordMarkdown(embed.description)}</p>` : ''}
      ${fields.length ? `<div class="fields">${fields.join('')}</div>` : ''}
      <small>${escapeHtml(embed.footer.text)}${embed.timestamp ? ` • ${clock(embed.timestamp)}` : ''}</small>
    </div></div></div>`;
}

export function pagerDutyHtml(event, onlyWhenAsked) {
  const note = onlyWhenAsked ? '<span class="note">only with alsoTrigger</span>' : '';
  if (event.event_action === 'resolve') {
    return `<div class="pagerduty"><span class="state resolved">Resolved</span><code>${escapeHtml(event.dedup_key)}</code></div>`;
  }
  const { payload, links } = event;
  const rows = Object.entries(payload.custom_details).map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<div class="pagerduty"><span class="state triggered">Triggered</span><span class="severity ${payload.severity}">${payload.severity}</span>${note}
    <h3>${escapeHtml(payload.summary)}</h3>
    <small>${escapeHtml([payload.source, payload.component, payload.group, payload.class].filter(Boolean).join(' · '))} · ${payload.timestamp ? clock(payload.timestamp) : ''}</small>
    <table>${rows.join('')}</table>
    ${links.map(({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`).join(' · ')}</div>`;
}

export function page(provider, messages) {
  const dark = provider === 'discord';
  return `<!doctype html><meta charset="utf-8"><style>
  * { box-sizing: border-box }
  body { margin: 0; padding: 20px; width: 1240px; font: 15px/1.45 'DejaVu Sans', 'Liberation Sans', sans-serif;
    background: ${dark ? '#313338' : provider === 'slack' ? '#fff' : '#f4f5f7'}; color: ${dark ? '#dbdee1' : '#1d1c1d'};
    columns: 2; column-gap: 24px }
  .slack, .discord, .pagerduty { break-inside: avoid; margin-bottom: 20px; overflow-wrap: anywhere }
  .slack, .discord { display: grid; grid-template-columns: 40px 1fr; gap: 10px }
  .avatar { width: 40px; height: 40px; border-radius: 8px; background: #2563eb; color: #fff; font: bold 20px/40px sans-serif; text-align: center }
  .discord .avatar { border-radius: 50% }
  .app { font-size: 10px; background: #e8e8e8; color: #555; padding: 1px 4px; border-radius: 3px }
  .discord .app { background: #5865f2; color: #fff }
  h3 { margin: 4px 0 8px; font-size: 17px } .discord h3 { font-size: 15px }
  p { margin: 0 0 8px; white-space: pre-wrap }
  a { color: #1264a3; text-decoration: none } .discord a { color: #00a8fc }
  pre { margin: 4px 0 0; padding: 8px; background: #f8f8f8; border: 1px solid #ddd; border-radius: 4px; font-size: 12px; white-space: pre-wrap }
  .discord pre { background: #2b2d31; border-color: #1e1f22 }
  small { color: #616061; font-size: 12px; display: block } .discord small { color: #b5bac1 }
  mark { background: #ff0 }
  .slack .card { border-left: 4px solid; padding: 2px 0 2px 12px; border-radius: 2px }
  .slack .fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin-bottom: 8px; white-space: pre-wrap }
  .discord .embed { border-left: 4px solid; background: #2b2d31; border-radius: 4px; padding: 10px 14px; max-width: 520px; margin-top: 4px }
  .discord .fields { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 8px; margin-bottom: 8px; font-size: 14px }
  .discord .fields span { display: block; white-space: pre-wrap } .wide { grid-column: 1 / -1 }
  .pagerduty { background: #fff; border: 1px solid #ddd; border-radius: 6px; padding: 14px; font-size: 14px }
  .state, .severity { font-size: 11px; font-weight: bold; padding: 2px 8px; border-radius: 10px; margin-right: 6px; color: #fff }
  .triggered { background: #b91c1c } .resolved { background: #15803d } .note { color: #888; font-size: 12px }
  .critical { background: #7f1d1d } .error { background: #dc2626 } .warning { background: #d97706 } .info { background: #2563eb }
  table { border-collapse: collapse; margin: 8px 0; width: 100%; font-size: 13px } th { text-align: left; width: 120px; font-weight: normal; color: #666; vertical-align: top }
  td { white-space: pre-wrap } td, th { border-top: 1px solid #eee; padding: 3px 0 }
  </style>${messages.join('\n')}`;
}
