// The complete message for Discord, its escapes and its limits.
import { describe, expect, it, vi } from 'vitest';
import {
  createDiscordNotifier,
  toDiscordMessage,
  type EventLinks,
  type NoticeChanges,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const at = { id: 'evt_1', timestamp: '2026-01-31T08:00:00.000Z' };

const embedOf = (changes: NoticeChanges, links?: EventLinks) =>
  toDiscordMessage(sampleEvent('credits.low', at), { format: { 'credits.low': () => changes }, links })
    .embeds[0];
const titled = (title: string) => embedOf({ title }).title;
const field = (name: string, value: string, url?: string) =>
  embedOf({ text: ' ', fields: [{ name, value, url }] }).fields[0]!;

describe('the message for Discord', () => {
  it('of a failed deployment has its title, error, fields and type', () => {
    expect(toDiscordMessage(sampleEvent('deployment.failed', at))).toEqual({
      embeds: [
        {
          title: 'Deployment of shop failed',
          description: 'The build failed.\n```\nnpm run build exited with code 1\n```',
          url: 'https://shop.example.com/',
          color: 0xef4444,
          fields: [
            { name: 'Site', value: 'shop', inline: true },
            { name: 'Duration', value: '18 s', inline: true },
            {
              name: 'Domain',
              value: '[shop.example.com](https://shop.example.com/)',
              inline: true,
            },
            { name: 'Commit', value: '1b9d6bc Try the new bundler', inline: false },
          ],
          footer: { text: 'Hostwares · deployment.failed' },
          timestamp: at.timestamp,
        },
      ],
      allowed_mentions: { parse: [] },
    });
  });

  it.each([
    ['success', 0x22c55e],
    ['failure', 0xef4444],
    ['warning', 0xf59e0b],
    ['info', 0x3b82f6],
  ] as const)('of the tone %s has the colour %i', (tone, color) => {
    expect(embedOf({ tone }).color).toBe(color);
  });

  it('without a title, a text and a time has a title and a footer', () => {
    const message = toDiscordMessage(sampleEvent('unknown', { type: ' ', timestamp: 'soon', data: {} }), {
      format: { unknown: () => ({ title: ' ', text: ' ', fields: [] }) },
    });
    expect(message.embeds[0]).toEqual({
      title: 'Hostwares',
      color: 0x3b82f6,
      fields: [],
      footer: { text: 'Hostwares · ' },
    });
  });

  it('with an error only has its code block as its description', () => {
    expect(embedOf({ text: ' ', error: 'boom' }).description).toBe('```\nboom\n```');
  });

  it('has a footer of 256 characters', () => {
    const footerOf = (type: string) =>
      toDiscordMessage(sampleEvent('unknown', { type })).embeds[0].footer.text;
    expect(footerOf('x'.repeat(244))).toBe(`Hostwares · ${'x'.repeat(244)}`);
    expect(footerOf('x'.repeat(245))).toBe(`Hostwares · ${'x'.repeat(243)}…`);
  });
});

describe('the escapes of Discord', () => {
  it.each([
    ['\\*_~`|>#-+[]()<@:', '\\\\\\*\\_\\~\\`\\|\\>\\#\\-\\+\\[\\]\\(\\)\\<\\@\\:'],
    ['1. a', '1\\. a'],
    ['12.', '12\\.'],
    ['1.5 a 2. b', '1.5 a 2. b'],
    ['a 1. b', 'a 1. b'],
    ['{}!?&%$', '{}!?&%$'],
  ])('make %j into %j', (title, expected) => {
    expect(titled(title)).toBe(expected);
  });

  it('cover a number at the beginning of each line', () => {
    expect(embedOf({ text: 'a\n 1. b\n2. c' }).description).toBe('a\n 1\\. b\n2\\. c');
  });
});

describe('the limits of Discord', () => {
  it('are 256 characters for the name of a field and 1,024 for its value', () => {
    expect(field('n'.repeat(256), 'v'.repeat(1_024))).toMatchObject({
      name: 'n'.repeat(256),
      value: 'v'.repeat(1_024),
    });
    expect(field('n'.repeat(257), 'v'.repeat(1_025))).toMatchObject({
      name: `${'n'.repeat(255)}…`,
      value: `${'v'.repeat(1_023)}…`,
    });
  });

  it('leave a field its value, but no address that would take half of its room', () => {
    // `[`, `](` and `)` take four characters.
    const address = 'https://example.com/'.padEnd(507, 'a');
    expect(field('Name', 'x'.repeat(600), address).value).toBe(`[${'x'.repeat(512)}…](${address})`);
    expect(field('Name', 'text', `${address}a`).value).toBe('text');
  });

  it('do not leave a field without a name or a value', () => {
    expect(field(' ', ' ')).toEqual({ name: 'Value', value: 'N/A', inline: true });
  });

  it('are 25 fields, the links included', () => {
    const fields = Array.from({ length: 26 }, (_, index) => ({ name: `${index}`, value: 'x' }));
    expect(embedOf({ fields }).fields.map(({ name }) => name)).toEqual(
      fields.slice(0, 25).map(({ name }) => name),
    );
    const linked = embedOf({ fields }, () => ({ logs: 'https://logs.example.com/1' })).fields;
    expect(linked.slice(-2).map(({ name }) => name)).toEqual(['23', 'Links']);
  });

  it('are half of the room of an embed for its description, of which half is for its text', () => {
    const {
      title,
      footer,
      description = '',
    } = embedOf({
      title: 'Title',
      text: 'x'.repeat(6_000),
      error: 'y'.repeat(6_000),
    });
    const room = 6_000 - title.length - footer.text.length;
    expect(description).toHaveLength(room >> 1);
    const [text, error] = description.split('\n```\n');
    expect(text).toHaveLength(room >> 2);
    expect(error).toMatch(/^y+…\n```$/);
  });

  it('are 6,000 characters in all, which fields use to the end', () => {
    const fields = Array.from({ length: 25 }, (_, index) => ({
      name: `Field ${index}`,
      value: 'v'.repeat(1_024),
    }));
    const links = () => ({ logs: 'https://logs.example.com/1' });
    const embed = embedOf({ title: 'Title', text: 'Text', error: 'Error', fields }, links);
    const lengths = embed.fields.map(({ name, value }) => name.length + value.length);
    const total =
      embed.title.length +
      embed.description!.length +
      embed.footer.text.length +
      lengths.reduce((sum, length) => sum + length);
    expect(total).toBe(6_000);
    expect(embed.fields.at(-1)!.name).toBe('Links');
  });

  it.each([
    [31, 5],
    [32, 6],
  ])('with %i characters left leave room for %i fields', (left, count) => {
    // Title and footer have 28 characters, each field 1,025.
    const last = 6_000 - 28 - 4 * 1_025 - left;
    const sized = (length: number) => ({ name: 'n', value: 'v'.repeat(length - 1) });
    const first = Array.from({ length: 4 }, () => sized(1_025));
    const rest = [sized(1_025), sized(last - 1_025), sized(100)];
    const embed = embedOf({ title: 'Title', text: ' ', fields: [...first, ...rest] });
    expect(embed.footer.text.length + embed.title.length).toBe(28);
    expect(embed.fields).toHaveLength(count + 1);
  });

  it('shorten a name to half of the characters that are left', () => {
    const sized = (length: number) => ({ name: 'n', value: 'v'.repeat(length - 1) });
    const first = [...Array.from({ length: 5 }, () => sized(1_025)), sized(6_000 - 28 - 5 * 1_025 - 40)];
    const fields = [...first, { name: 'n'.repeat(50), value: 'v'.repeat(50) }];
    expect(embedOf({ title: 'Title', text: ' ', fields }).fields.at(-1)).toEqual({
      name: `${'n'.repeat(19)}…`,
      value: `${'v'.repeat(19)}…`,
      inline: true,
    });
  });
});

describe('the URL that the Discord notifier posts to', () => {
  it.each([
    ['/api/webhooks/1/a', '/api/v10/webhooks/1/a?wait=true'],
    ['/api/v9/webhooks/1/a', '/api/v10/webhooks/1/a?wait=true'],
    ['/proxy/api/webhooks/1/a', '/proxy/api/webhooks/1/a?wait=true'],
  ])('for the path %s has the path %s', async (path, posted) => {
    const fetch = vi.fn(async () => new Response());
    const url = `https://discord.com${path}`;
    await createDiscordNotifier({ url, allowAnyHost: true, fetch })(sampleEvent('ping'));
    expect(fetch).toHaveBeenCalledExactlyOnceWith(`https://discord.com${posted}`, expect.anything());
  });
});
