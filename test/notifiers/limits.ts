// The documented limits and markup of each provider, as functions that list the problems of a message.
import type { DiscordMessage, PagerDutyEvent, SlackBlock, SlackMessage } from '../../src/notifiers/index.js';

type Problems = string[];

function within(problems: Problems, what: string, text: string, max: number, min = 1): void {
  if (text.length < min || text.length > max)
    problems.push(`${what} has ${text.length} of ${max} characters`);
  if (/\p{Cs}/u.test(text)) problems.push(`${what} has half a surrogate pair`);
  if (/(?!\n)[\p{Cc}\u202A-\u202E\u2066-\u2069\u200E\u200F]/u.test(text))
    problems.push(`${what} has invisible characters that change what is shown`);
}

/** Returns the Slack markup in a text beyond that of our own messages. */
function slackMarkupIn(text: string): string {
  return (
    text
      .replace(/^\*((?:\u200B\*\u200B|(?<=[a-z0-9])\*(?=[a-z0-9])|[^*\n])+)\*(\n|$)/i, '$1$2')
      .replace(/^```\n((?:(?!```)[^])*)\n```$/, (_, code: string) =>
        code.replace(/[*_~]|\u200B`\u200B|&gt;/g, ''),
      )
      .replace(/<!date\^\d+\^\{date_short_pretty\} at \{time\}\|[\d: -]+ UTC>/, '')
      .replace(/^<https?:\/\/[^\s<>|]+\|Logs> · (?=<https?:\/\/[^\s<>|]+\|Dashboard>$)/, '')
      .replace(/<https?:\/\/[^\s<>|]+\|([^<>|]*)>/, '$1')
      .replace(/&(?:amp|lt|gt);/g, (entity, at: number, all: string) =>
        entity === '&gt;' && (at === 0 || all[at - 1] === '\n') ? '>' : '',
      )
      .replace(/\u200B[*_~`]\u200B/g, '')
      .replace(/(?<=[a-z0-9])[*_~](?=[a-z0-9])/gi, '')
      .match(/[<>&*_~`]/g)
      ?.join('') ?? ''
  );
}

function slackBlockProblems(problems: Problems, block: SlackBlock): void {
  const markup = (what: string, text: { type: string; text: string; verbatim: boolean }, max: number) => {
    within(problems, what, text.text, max);
    if (!text.verbatim) problems.push(`${what} is parsed for names`);
    const left = slackMarkupIn(text.text);
    if (left) problems.push(`${what} has markup: ${left} in ${JSON.stringify(text.text)}`);
  };
  switch (block.type) {
    case 'context':
      if (block.elements.length > 10) problems.push('context has too many elements');
      for (const element of block.elements) markup('context', element, 3000);
      break;
    case 'section':
      if ('text' in block) markup('section', block.text, 3000);
      else {
        if (block.fields.length < 1 || block.fields.length > 10) problems.push('section: number of fields');
        for (const field of block.fields) markup('field', field, 2000);
      }
  }
}

export function slackProblems(message: SlackMessage): Problems {
  const problems: Problems = [];
  within(problems, 'text', message.text, 4000);
  if (slackMarkupIn(message.text)) problems.push('text has markup');
  for (const blocks of [message.blocks, ...message.attachments.map((attachment) => attachment.blocks)]) {
    if (blocks.length < 1 || blocks.length > 50) problems.push(`${blocks.length} blocks`);
    for (const block of blocks) slackBlockProblems(problems, block);
  }
  for (const { color, fallback } of message.attachments) {
    if (!/^#[0-9a-f]{6}$/.test(color)) problems.push(`colour ${color}`);
    within(problems, 'fallback', fallback, 4000);
  }
  return problems;
}

/** Returns unescaped Markdown beyond the links and the code block of our own messages. */
function markdownIn(text: string): string {
  return (
    text
      .replace(/(^|\n)```\n((?:(?!```)[^])*)\n```$/, '')
      .replace(/^\[Logs\]\(https?:\/\/[^\s()<>]+\) · (?=\[Dashboard\]\()/, '')
      .replace(/^\[((?:\\.|[^\\\][])+)\]\(https?:\/\/[^\s()<>]+\)$/s, '$1')
      .replace(/\\[^0-9A-Za-z\s]/g, 'x')
      .match(/[\\*_~`|>#+[\]()<@:-]|^\s*\d+\.(?!\S)/gm)
      ?.join('') ?? ''
  );
}

export function discordProblems(message: DiscordMessage): Problems {
  const problems: Problems = [];
  const mentions: unknown[] = message.allowed_mentions.parse;
  if (mentions.length > 0) problems.push('it mentions somebody');
  let total = 0;
  const text = (what: string, value: string, max: number, markdown = true) => {
    total += value.length;
    within(problems, what, value, max);
    const left = markdown ? markdownIn(value) : '';
    if (left) problems.push(`${what} has Markdown: ${left} in ${JSON.stringify(value)}`);
  };
  const [embed] = message.embeds;
  text('title', embed.title, 256);
  if (embed.description !== undefined) text('description', embed.description, 4096);
  if (embed.fields.length > 25) problems.push(`${embed.fields.length} fields`);
  for (const field of embed.fields) {
    text('field name', field.name, 256);
    text('field value', field.value, 1024);
  }
  text('footer', embed.footer.text, 2048, false);
  if (total > 6000) problems.push(`${total} characters in all`);
  if (embed.url !== undefined && !/^https?:\/\/[^\s/@]+\/\S*$/.test(embed.url))
    problems.push(`url ${embed.url}`);
  if (embed.timestamp !== undefined && !/^[+-]?\d{4,6}-\d\d-\d\dT[\d:.]+Z$/.test(embed.timestamp))
    problems.push(`timestamp ${embed.timestamp}`);
  return problems;
}

export function pagerDutyProblems(event: PagerDutyEvent): Problems {
  const problems: Problems = [];
  within(problems, 'routing_key', event.routing_key, 32, 32);
  within(problems, 'dedup_key', event.dedup_key, 255);
  if (event.event_action === 'resolve') return problems;
  const { payload, links } = event;
  within(problems, 'summary', payload.summary, 1024);
  if (payload.summary.includes('\n')) problems.push('summary has lines');
  for (const key of ['source', 'component', 'group', 'class'] as const) {
    if (payload[key] !== undefined) within(problems, key, payload[key], 255);
  }
  if (!['critical', 'error', 'warning', 'info'].includes(payload.severity)) problems.push('severity');
  for (const [name, value] of Object.entries(payload.custom_details)) {
    within(problems, 'name of a detail', name, 255);
    within(problems, 'detail', value, 2048);
  }
  for (const { href, text } of links) {
    if (!/^https?:\/\/[^\s/@]+\/\S*$/.test(href)) problems.push(`link ${href}`);
    within(problems, 'text of a link', text, 255);
  }
  if (JSON.stringify(event).length > 512_000) problems.push('it is larger than 512 KB');
  return problems;
}
