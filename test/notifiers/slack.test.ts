// The complete message for Slack, its escapes and its limits.
import { describe, expect, it } from 'vitest';
import type { WebhookError, WebhookEvent } from '../../src/index.js';
import {
  createSlackNotifier,
  toSlackMessage,
  type NoticeChanges,
  type SlackBlock,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const at = { id: 'evt_1', timestamp: '2026-01-31T08:00:59.999Z' };
const time = '<!date^1769846459^{date_short_pretty} at {time}|2026-01-31 08:00 UTC>';

const markdown = (text: string) => ({ type: 'mrkdwn', text, verbatim: true });
const formatted = (changes: NoticeChanges) =>
  toSlackMessage(sampleEvent('credits.low', at), { format: { 'credits.low': () => changes } });
const blocksOf = (changes: NoticeChanges) => formatted(changes).attachments[0]!.blocks;
const textOf = (block: SlackBlock | undefined) => (block as { text: { text: string } }).text.text;
/** The title as it is shown. */
const titled = (title: string) => textOf(formatted({ title }).blocks[0]).slice(1, -1);
/** The only field of a message, without its label. */
const valued = (value: string, url?: string) => {
  const [block] = blocksOf({ text: ' ', fields: [{ name: 'Name', value, url }] });
  return (block as { fields: { text: string }[] }).fields[0]!.text.replace('*Name*\n', '');
};

describe('the message for Slack', () => {
  it('of a failed deployment has its title, error, fields and type', () => {
    const text = 'Deployment of shop failed: npm run build exited with code 1';
    expect(toSlackMessage(sampleEvent('deployment.failed', at))).toEqual({
      text,
      blocks: [
        {
          type: 'section',
          text: markdown('*<https://shop.example.com/|Deployment of shop failed>*'),
        },
      ],
      attachments: [
        {
          color: '#ef4444',
          fallback: text,
          blocks: [
            { type: 'section', text: markdown('The build failed.') },
            { type: 'section', text: markdown('```\nnpm run build exited with code 1\n```') },
            {
              type: 'section',
              fields: [
                markdown('*Duration*\n18 s'),
                markdown('*Domain*\n<https://shop.example.com/|shop.example.com>'),
              ],
            },
            { type: 'section', text: markdown('*Commit*\n1b9d6bc Try the new bundler') },
            { type: 'context', elements: [markdown(`Hostwares · deployment.failed · ${time}`)] },
          ],
        },
      ],
      unfurl_links: false,
      unfurl_media: false,
    });
  });

  it.each([
    ['success', '#22c55e'],
    ['failure', '#ef4444'],
    ['warning', '#f59e0b'],
    ['info', '#3b82f6'],
  ] as const)('of the tone %s has the colour %s', (tone, color) => {
    expect(formatted({ tone }).attachments[0]!.color).toBe(color);
  });

  it('without an error has its text in notifications', () => {
    expect(formatted({ title: 'Title', text: 'Text\nmore' }).text).toBe('Title: Text more');
    expect(formatted({ title: 'Title', text: ' ' }).text).toBe('Title');
    expect(formatted({ title: ' ', text: ' ' }).text).toBe('Hostwares');
  });

  it('has a text of 500 characters for notifications, in the attachment too', () => {
    const message = formatted({ title: 'x'.repeat(501), text: ' ' });
    expect(message.text).toBe(`${'x'.repeat(499)}…`);
    expect(message.attachments[0]!.fallback).toBe(message.text);
    expect(formatted({ title: '&'.repeat(100), text: ' ' }).text).toBe('&amp;'.repeat(100));
  });

  it('without text, error and fields has its type only', () => {
    expect(blocksOf({ text: ' ', error: ' ', fields: [] })).toEqual([
      { type: 'context', elements: [markdown(`Hostwares · credits.low · ${time}`)] },
    ]);
  });

  it.each<[object, string]>([
    [{ event: 'unknown', type: 'site.*paused*' }, 'site.\u200B*\u200Bpaused\u200B*\u200B'],
    [{ event: 'unknown', type: 'x'.repeat(201) }, `${'x'.repeat(199)}…`],
    [{ event: 'unknown', type: ' ' }, ''],
    [{ event: 'unknown', type: 7 }, '7'],
  ])('of an event of an unknown type names it: %#', (event, type) => {
    const message = toSlackMessage({ ...sampleEvent('unknown', at), ...event } as WebhookEvent);
    expect(message.attachments[0]!.blocks.at(-1)).toEqual({
      type: 'context',
      elements: [markdown(`Hostwares · ${type} · ${time}`)],
    });
  });

  it('of an event without a valid time has no time', () => {
    const message = toSlackMessage(sampleEvent('credits.low', { timestamp: 'soon' }));
    expect(message.attachments[0]!.blocks.at(-1)).toEqual({
      type: 'context',
      elements: [markdown('Hostwares · credits.low')],
    });
  });
});

describe('the escapes of Slack', () => {
  it.each([
    ['a & b <!here>', 'a &amp; b &lt;!here&gt;'],
    ['*b* _i_ ~s~', '\u200B*\u200Bb\u200B*\u200B \u200B_\u200Bi\u200B_\u200B \u200B~\u200Bs\u200B~\u200B'],
    ['snake_case 2*3 A~B', 'snake_case 2*3 A~B'],
    ['a`b', 'a\u200B`\u200Bb'],
    [':tada: a:b', ':\u200Btada: a:b'],
    [':+1: :a-b: : x:', ':\u200B+1: :\u200Ba-b: : x:'],
    ['> a > b', '\u200B&gt; a &gt; b'],
  ])('make %j into %j', (title, expected) => {
    expect(titled(title)).toBe(expected);
  });

  it('of each line of a text cover a quote', () => {
    expect(textOf(blocksOf({ text: '> a\n> b' })[0])).toBe('\u200B&gt; a\n\u200B&gt; b');
  });

  it('of an error leave all but back-ticks and control characters', () => {
    expect(textOf(blocksOf({ text: ' ', error: '*a* `b` <c> :d: \n> e' })[0])).toBe(
      '```\n*a* \u200B`\u200Bb\u200B`\u200B &lt;c&gt; :d: \n&gt; e\n```',
    );
  });

  it('of a link cover its address and its label', () => {
    const label = valued('a|b\nc  *d*', 'https://example.com/?a=1&b=2');
    expect(label).toBe(
      '<https://example.com/?a=1&amp;b=2|a\u2223b c \u200B%\u200Bd\u200B%\u200B>'.replaceAll('%', '*'),
    );
  });
});

describe('the limits of Slack', () => {
  it('are 256 characters for a title with a link', () => {
    const link = (title: string) => textOf(formatted({ title, url: 'https://example.com/' }).blocks[0]);
    expect(link('x'.repeat(256))).toBe(`*<https://example.com/|${'x'.repeat(256)}>*`);
    expect(link('x'.repeat(257))).toBe(`*<https://example.com/|${'x'.repeat(255)}…>*`);
  });

  it('are 3,000 characters for a text and for an error with its code block', () => {
    const [text, error] = blocksOf({ text: 'x'.repeat(3_001), error: 'y'.repeat(3_001) })
      .slice(0, 2)
      .map(textOf);
    expect(text).toBe(`${'x'.repeat(2_999)}…`);
    expect(error).toBe(`\`\`\`\n${'y'.repeat(2_991)}…\n\`\`\``);
    const [whole] = blocksOf({ text: 'x'.repeat(3_000) });
    expect(textOf(whole)).toBe('x'.repeat(3_000));
  });

  it('are 200 characters for a label and 2,000 for a field with it', () => {
    const [block] = blocksOf({
      text: ' ',
      fields: [{ name: 'n'.repeat(201), value: 'v'.repeat(2_000) }],
    });
    const [{ text }] = (block as unknown as { fields: [{ text: string }] }).fields;
    expect(text).toBe(`*${'n'.repeat(199)}…*\n${'v'.repeat(1_796)}…`);
    expect(text).toHaveLength(2_000);
  });

  it('leave out the address of a field that would take more than half of its room', () => {
    // `*Name*` and a line break leave 1993 characters, `<`, `|` and `>` take 3.
    const address = 'https://example.com/'.padEnd(993, 'a');
    expect(valued('x'.repeat(2_000), address)).toBe(`<${address}|${'x'.repeat(996)}…>`);
    expect(valued('text', `${address}a`)).toBe('text');
  });

  it('keep an address of exactly half of the room, in a field and in a title', () => {
    // The label `*Nam*` with its line break leaves 1994 characters, the stars around a title 2998.
    const address = (length: number) => 'https://example.com/'.padEnd(length, 'a');
    const [block] = blocksOf({ text: ' ', fields: [{ name: 'Nam', value: 'text', url: address(994) }] });
    expect(block).toEqual({ type: 'section', fields: [markdown(`*Nam*\n<${address(994)}|text>`)] });
    const title = (length: number) => textOf(formatted({ title: 'Title', url: address(length) }).blocks[0]);
    expect(title(1_496)).toBe(`*<${address(1_496)}|Title>*`);
    expect(title(1_497)).toBe('*Title*');
  });

  it('are ten fields in a section, and wide fields have their own', () => {
    const fields = Array.from({ length: 23 }, (_, index) => ({
      name: `${index}`,
      value: 'x',
      wide: index === 12,
    }));
    const sizes = blocksOf({ text: ' ', fields }).map((block) =>
      'fields' in block ? block.fields.length : block.type === 'section' ? 'wide' : block.type,
    );
    expect(sizes).toEqual([10, 2, 'wide', 10, 'context']);
  });

  it('are 45 sections of fields', () => {
    const fields = Array.from({ length: 46 }, () => ({ name: 'Name', value: 'x', wide: true }));
    expect(blocksOf({ text: ' ', fields })).toHaveLength(46);
    expect(blocksOf({ text: ' ', fields: fields.slice(1) })).toHaveLength(46);
    expect(blocksOf({ text: ' ', fields: fields.slice(2) })).toHaveLength(45);
  });

  it('do not leave a field without a name or a value', () => {
    const [block] = blocksOf({ text: ' ', fields: [{ name: ' ', value: ' ' }] });
    expect(block).toEqual({ type: 'section', fields: [markdown('*Value*\nN/A')] });
  });
});

it('the hint for a documented error of Slack tolerates white space around it', async () => {
  const notify = createSlackNotifier({
    url: 'https://hooks.slack.com/services/T0/B0/secret1',
    fetch: async () => new Response(' channel_is_archived\n', { status: 410 }),
  });
  const error = (await notify(sampleEvent('ping')).catch((reason: unknown) => reason)) as WebhookError;
  expect(error.hint).toMatch(/^The channel is archived\./);
});
