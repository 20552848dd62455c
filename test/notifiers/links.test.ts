// The addresses that become links.
import { describe, expect, it } from 'vitest';
import {
  toDiscordMessage,
  toPagerDutyEvent,
  toSlackMessage,
  type PagerDutyTrigger,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const routingKey = 'r0000000000000000000000000000000';

/** The link that PagerDuty gets for the address of a notice. */
function hrefOf(url: unknown): string | undefined {
  const format = { 'alert.triggered': () => ({ url: url as string }) };
  const body = toPagerDutyEvent(sampleEvent('alert.triggered'), { routingKey, format }) as PagerDutyTrigger;
  return body.links[0]?.href;
}
/** The link of Discord's title, which rejects a host without a dot. */
const discordUrlOf = (url: string) =>
  toDiscordMessage(sampleEvent('credits.low'), { format: { 'credits.low': () => ({ url }) } }).embeds[0].url;
/** The link of the title for a site's domain. */
const siteUrlOf = (domain: string) =>
  toDiscordMessage(sampleEvent('domain.configured', { data: { domain } })).embeds[0].url;

describe('an address', () => {
  it.each<[string, string]>([
    ['http://127.0.0.1', 'http://127.0.0.1/'],
    ['http:127.0.0.1', 'http://127.0.0.1/'],
    ['http:\\\\127.0.0.1\\x', 'http://127.0.0.1/x'],
    ['https://127.0.0.1:8443/x', 'https://127.0.0.1:8443/x'],
    ['http://127.0.0.1:/x', 'http://127.0.0.1/x'],
    ['http://127.0.0.1?x=1', 'http://127.0.0.1/?x=1'],
    ['http://127.0.0.1#x', 'http://127.0.0.1/#x'],
    ['http://name:word@127.0.0.1/', 'http://127.0.0.1/'],
    ['http://a@b@192.168.100.200/', 'http://192.168.100.200/'],
    ['https://1.2.3.4.example.com/', 'https://1.2.3.4.example.com/'],
    ['https://x1.2.3.example/', 'https://x1.2.3.example/'],
    ['  https://example.com/a b ', 'https://example.com/a%20b'],
    ['https://example.com/?|()\'"<>\\`*', 'https://example.com/?%7C%28%29%27%22%3C%3E%5C%60%2A'],
  ])('%s becomes the link %s', (url, href) => {
    expect(hrefOf(url)).toBe(href);
  });

  it.each([
    'example.com/x',
    'ftp://example.com/',
    'mailto:name@example.com',
    'http://2130706433:80/',
    'http://a@2130706433/',
    'http://127.0.0.1.@2130706433/',
    '',
    7,
    null,
  ])('%s becomes no link', (url) => {
    expect(hrefOf(url)).toBeUndefined();
  });

  it('may have 2,048 characters, before and after its encoding', () => {
    const longest = `https://example.com/${'a'.repeat(2_028)}`;
    expect(hrefOf(longest)).toBe(longest);
    expect(hrefOf(`${longest}a`)).toBeUndefined();
    const encoded = `https://example.com/${'a'.repeat(2_022)}(((`;
    expect(hrefOf(encoded)).toBeUndefined();
    expect(hrefOf(encoded.replace('aaaa((', ''))).toMatch(/%28$/);
    // White space around it does not count, and neither do credentials that are removed.
    expect(hrefOf(`https://user@example.com/${'a'.repeat(2_024)}`)).toBeUndefined();
  });

  it.each([
    'https://x.io/',
    'https://a-b.example/',
    'https://1a.example/',
    'https://_dmarc.example/',
    'https://a_.example/',
    'https://127.0.0.1/',
    `https://${'a'.repeat(63)}.example/`,
  ])('with the host of %s becomes a link on Discord', (url) => {
    expect(discordUrlOf(url)).toBe(url);
  });

  it.each([
    'https://localhost/',
    'https://-a.example/',
    'https://a-.example/',
    'https://a.-b.example/',
    'https://a..example/',
    'https://a$b.example/',
    `https://${'a'.repeat(64)}.example/`,
  ])('with the host of %s becomes text on Discord', (url) => {
    expect(discordUrlOf(url)).toBeUndefined();
  });
});

describe('the domain of a site', () => {
  const label = 'a'.repeat(63);
  const longest = `${label}.${label}.${label}.${'a'.repeat(61)}`;

  it.each([
    ['shop.example.com', 'https://shop.example.com/'],
    ['1a-b.example', 'https://1a-b.example/'],
    ['bücher.example', 'https://xn--bcher-kva.example/'],
    [longest, `https://${longest}/`],
  ])('%s becomes the link %s', (domain, url) => {
    expect(siteUrlOf(domain)).toBe(url);
  });

  it.each([
    'shop',
    '_dmarc.example.com',
    '-a.example.com',
    'shop.example.com/x',
    'shop.example.com:8080',
    'shop_1.example.com',
    'x@shop.example.com',
    '*.example.com',
    `${longest}a`,
  ])('%s becomes no link', (domain) => {
    expect(siteUrlOf(domain)).toBeUndefined();
  });
});

describe('the links of a notice', () => {
  const logs = 'https://logs.example.com/1';
  const dashboard = 'https://dashboard.example.com/1';
  const event = sampleEvent('credits.low');
  const intranet = { logs: 'https://logs/1', dashboard };

  it('are each shown without the other', () => {
    for (const [name, links] of Object.entries({ Logs: { logs }, Dashboard: { dashboard } })) {
      const href = Object.values(links)[0];
      const { fields } = toDiscordMessage(event, { links: () => links }).embeds[0];
      expect(fields.at(-1)).toEqual({ name: 'Links', value: `[${name}](${href})`, inline: false });
      const blocks = toSlackMessage(event, { links: () => links }).attachments[0]!.blocks;
      expect(blocks.at(-2)).toMatchObject({ text: { text: `<${href}|${name}>` } });
    }
  });

  it('are left out on Discord alone if the host has no dot', () => {
    const links = () => intranet;
    expect(toDiscordMessage(event, { links }).embeds[0].fields.at(-1)).toMatchObject({
      value: `[Dashboard](${dashboard})`,
    });
    expect(JSON.stringify(toSlackMessage(event, { links }))).toContain('<https://logs/1|Logs> · <');
  });

  it('have a section each on Slack if they are too long for one', () => {
    const long = (host: string, length: number) => `https://${host}/`.padEnd(length, 'a');
    // `<` and `|Logs>` are 7 characters, `<` and `|Dashboard>` 12, the separator 3.
    const sections = (first: number, second: number) =>
      toSlackMessage(event, {
        links: () => ({ logs: long('logs.example', first), dashboard: long('d.example', second) }),
      }).attachments[0]!.blocks.slice(2, -1);
    expect(sections(1_500, 1_478)).toHaveLength(1);
    expect(sections(1_500, 1_479)).toHaveLength(2);
  });

  it('that an ampersand makes too long for a section are left out on Slack', () => {
    const links = (count: number) => () => ({ logs: `https://logs.example/${'&'.repeat(count)}` });
    const shown = (count: number) => JSON.stringify(toSlackMessage(event, { links: links(count) }));
    // 21 characters of the host, 7 of the markup, 5 for each ampersand.
    expect(shown(594)).toContain('|Logs>');
    expect(shown(595)).not.toContain('|Logs>');
  });

  it('are one field on Discord, without those that exceed its length', () => {
    const long = (host: string, length: number) => `https://${host}/`.padEnd(length, 'a');
    const value = (first: number, second: number) =>
      toDiscordMessage(event, {
        links: () => ({ logs: long('logs.example', first), dashboard: long('d.example', second) }),
      }).embeds[0].fields.at(-1)!.value;
    // `[Logs]()` has 8 characters, `[Dashboard]()` 13, the separator 3.
    expect(value(500, 500)).toHaveLength(1_024);
    expect(value(500, 501)).toHaveLength(508);
    expect(value(1_017, 500)).toMatch(/^\[Dashboard\]\(/);
  });
});
