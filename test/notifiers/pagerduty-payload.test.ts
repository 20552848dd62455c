// The payload and the links of an incident, and their limits.
import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../src/index.js';
import { toPagerDutyEvent, type NoticeChanges, type PagerDutyTrigger } from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const routingKey = 'r0000000000000000000000000000000';
const at = { id: 'evt_1', timestamp: '2026-01-31T08:00:00.000Z' };

const triggerOf = (event: WebhookEvent) => toPagerDutyEvent(event, { routingKey }) as PagerDutyTrigger;
/** The incident of an alert with a format. */
const formatted = (changes: NoticeChanges) =>
  toPagerDutyEvent(sampleEvent('alert.triggered', at), {
    routingKey,
    format: { 'alert.triggered': () => changes },
  }) as PagerDutyTrigger;

describe('the payload of an incident', () => {
  const payloadOf = (data: object) => triggerOf(sampleEvent('deployment.failed', { ...at, data })).payload;

  it.each<[object, string, string | undefined]>([
    [{}, 'shop.example.com', 'shop'],
    [{ domain: null }, 'shop', undefined],
    [{ domain: null, site_name: null }, 'site_3kq9', undefined],
    [{ domain: null, site_name: null, site_id: null }, 'Hostwares', undefined],
    [{ site_name: null }, 'shop.example.com', undefined],
    [{ domain: 'x'.repeat(255), site_name: 'y'.repeat(256) }, 'x'.repeat(255), `${'y'.repeat(254)}…`],
    [{ domain: 'x'.repeat(256) }, `${'x'.repeat(254)}…`, 'shop'],
  ])('for %j has the source and the component %s, %s', (data, source, component) => {
    expect(payloadOf(data).source).toBe(source);
    expect(payloadOf(data).component).toBe(component);
  });

  it('has a group of 255 characters at most', () => {
    const groupOf = (account_id: string) =>
      triggerOf(sampleEvent('deployment.failed', { account_id })).payload.group;
    expect(groupOf('a'.repeat(255))).toBe('a'.repeat(255));
    expect(groupOf('a'.repeat(256))).toBe(`${'a'.repeat(254)}…`);
  });

  it('has the title and the first line of the error as its summary', () => {
    expect(formatted({ title: 'Title', error: 'first\nsecond' }).payload.summary).toBe('Title: first');
    expect(formatted({ title: 'Title', error: ' ' }).payload.summary).toBe('Title');
    expect(formatted({ title: ' ', error: 'first' }).payload.summary).toBe('Hostwares: first');
    const error = 'x'.repeat(1_017);
    expect(formatted({ title: 'Title', error }).payload.summary).toBe(`Title: ${error}`);
    expect(formatted({ title: 'Title', error: `${error}x` }).payload.summary).toHaveLength(1_024);
  });

  it('numbers details of the same name, and leaves out those without a value', () => {
    const fields = [
      { name: 'Error', value: 'a' },
      { name: ' ', value: 'b' },
      { name: 'Error', value: 'c' },
      { name: 'Empty', value: ' ' },
      { name: 'Event', value: 'd' },
      { name: 'Error (4)', value: 'e' },
      { name: 'Error', value: 'f' },
    ];
    expect(formatted({ error: 'boom', text: 'a\nb', fields }).payload.custom_details).toEqual({
      Error: 'boom',
      'What happened': 'a\nb',
      'Error (2)': 'a',
      Value: 'b',
      'Error (3)': 'c',
      Event: 'd',
      'Error (4)': 'e',
      'Error (5)': 'f',
      'Event (2)': 'evt_1',
    });
  });

  it('has at most 50 details of fields, with names of 200 and values of 2,000 characters', () => {
    const fields = Array.from({ length: 51 }, (_, index) => ({ name: `${index}`, value: 'x' }));
    const details = formatted({ fields }).payload.custom_details;
    expect(details).toHaveProperty('49');
    expect(details).not.toHaveProperty('50');
    const [name, value] = ['n'.repeat(200), 'v'.repeat(2_000)];
    const long = [
      { name, value },
      { name: `${name}n`, value: `${value}v` },
    ];
    expect(formatted({ fields: long }).payload.custom_details).toMatchObject({
      [name]: value,
      [`${name.slice(1)}…`]: `${value.slice(1)}…`,
    });
  });
});

describe('the links of an incident', () => {
  const dashboard = 'https://dashboard.example.com/1';

  it('are those of the notice, of its title and of its fields, each once', () => {
    const url = 'https://wiki.example.com/';
    const { links } = formatted({
      url,
      links: { dashboard },
      fields: [
        { name: 'Wiki', value: 'x', url },
        { name: 'Runbook', value: 'x', url: `${url}runbook` },
        { name: ' ', value: 'x', url: `${url}other` },
        { name: 'None', value: 'x', url: 'none' },
      ],
    });
    expect(links).toEqual([
      { href: dashboard, text: 'Dashboard' },
      { href: url, text: 'Open the site' },
      { href: `${url}runbook`, text: 'Runbook' },
      { href: `${url}other`, text: `${url}other` },
    ]);
  });

  it("include the site's domain if the title has no link", () => {
    const event = sampleEvent('alert.triggered', { data: { domain: 'shop.example.com' } as never });
    expect(triggerOf(event).links).toEqual([{ href: 'https://shop.example.com/', text: 'Open the site' }]);
  });

  it('are at most 20, with texts of 200 characters', () => {
    const fields = Array.from({ length: 21 }, (_, index) => ({
      name: 'n'.repeat(200 + (index % 2)),
      value: 'x',
      url: `https://example.com/${index}`,
    }));
    const { links } = formatted({ fields });
    expect(links).toHaveLength(20);
    expect(links.slice(0, 2).map(({ text }) => text)).toEqual(['n'.repeat(200), `${'n'.repeat(199)}…`]);
  });
});
