// The complete bodies for PagerDuty, and the parts of an event that identify and describe an incident.
import { describe, expect, it, vi } from 'vitest';
import type { WebhookEvent } from '../../src/index.js';
import {
  createPagerDutyNotifier,
  toPagerDutyEvent,
  type Notice,
  type NoticeChanges,
  type PagerDutyTrigger,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const routingKey = 'r0000000000000000000000000000000';
const at = { id: 'evt_1', timestamp: '2026-01-31T08:00:00.000Z' };

const bodyOf = (event: WebhookEvent) =>
  toPagerDutyEvent(event, { routingKey, alsoTrigger: ['unknown', 'credits.low', 'ping'] });
const triggerOf = (event: unknown) => bodyOf(event as WebhookEvent) as PagerDutyTrigger;
/** The incident of an alert with a format. */
const formatted = (changes: NoticeChanges | ((notice: Notice) => NoticeChanges)) =>
  toPagerDutyEvent(sampleEvent('alert.triggered', at), {
    routingKey,
    format: {
      'alert.triggered': (_, notice) => (typeof changes === 'function' ? changes(notice) : changes),
    },
  }) as PagerDutyTrigger;

describe('the body for PagerDuty', () => {
  it('of a failed deployment opens an incident with all that is known', () => {
    expect(bodyOf(sampleEvent('deployment.failed', at))).toEqual({
      routing_key: routingKey,
      event_action: 'trigger',
      dedup_key: 'hostwares:acc_19c3:deployment:site_3kq9',
      payload: {
        summary: 'Deployment of shop failed: npm run build exited with code 1',
        source: 'shop.example.com',
        severity: 'error',
        timestamp: at.timestamp,
        component: 'shop',
        group: 'acc_19c3',
        class: 'deployment.failed',
        custom_details: {
          Error: 'npm run build exited with code 1',
          'What happened': 'The build failed.',
          Duration: '18 s',
          Domain: 'shop.example.com',
          Commit: '1b9d6bc Try the new bundler',
          Event: 'evt_1',
        },
      },
      links: [{ href: 'https://shop.example.com/', text: 'Open the site' }],
      client: 'Hostwares',
    });
  });

  it('of a completed deployment closes its incident', () => {
    expect(bodyOf(sampleEvent('deployment.completed', at))).toEqual({
      routing_key: routingKey,
      event_action: 'resolve',
      dedup_key: 'hostwares:acc_19c3:deployment:site_3kq9',
    });
  });

  it('of an alert opens an incident of its own', () => {
    expect(bodyOf(sampleEvent('alert.triggered', { ...at, account_id: ' ' }))).toEqual({
      routing_key: routingKey,
      event_action: 'trigger',
      dedup_key: 'hostwares::alert:alr_5b0e:site_3kq9',
      payload: {
        summary: 'Alert: Memory above 90%',
        source: 'shop',
        severity: 'warning',
        timestamp: at.timestamp,
        class: 'alert.triggered',
        custom_details: {
          Metric: 'Memory usage in percent',
          Value: '93.1%',
          Threshold: '90%',
          Site: 'shop',
          Severity: 'Warning',
          Event: 'evt_1',
        },
      },
      links: [],
      client: 'Hostwares',
    });
  });

  it('of a further type is a notice of its own', () => {
    expect(bodyOf(sampleEvent('credits.low', at))).toMatchObject({
      dedup_key: 'hostwares:acc_19c3:notice:credits.low:evt_1',
      payload: { severity: 'warning', source: 'Hostwares', class: 'credits.low' },
    });
    expect(bodyOf(sampleEvent('ping', at))).toMatchObject({ payload: { severity: 'info' } });
  });

  it('of an unknown type has the name on the wire as its class', () => {
    const classOf = (type: string) => triggerOf(sampleEvent('unknown', { ...at, type })).payload.class;
    expect(classOf('site.paused')).toBe('site.paused');
    expect(classOf(' ')).toBe('unknown');
    expect(classOf('x'.repeat(256))).toBe(`${'x'.repeat(254)}…`);
  });

  it.each([null, 'text', undefined])('of an event whose data is %j still has a source and a key', (data) => {
    expect(triggerOf({ ...sampleEvent('unknown', at), data })).toMatchObject({
      dedup_key: 'hostwares:acc_19c3:notice:unknown:evt_1',
      payload: { source: 'Hostwares' },
      links: [],
    });
  });

  it('of an event without a valid time has no time', () => {
    const event = sampleEvent('deployment.failed', { timestamp: 'soon' });
    expect(triggerOf(event).payload).not.toHaveProperty('timestamp');
  });
});

describe('the incident of a site', () => {
  const changed = (data: object) => bodyOf(sampleEvent('site.status_changed', { ...at, data }));
  const dedup_key = 'hostwares:acc_19c3:crash:site_3kq9';

  it.each([
    [{ status: 'CRASHED', reason: null }],
    [{ status: 'STOPPED', reason: 'crash' }],
    [{ status: 'CRASHED', reason: 'start' }],
  ])('opens for %j', (data) => {
    expect(changed(data)).toMatchObject({
      event_action: 'trigger',
      dedup_key,
      payload: { severity: 'critical' },
    });
  });

  it.each([[{ status: 'RUNNING', reason: 'start' }], [{ status: 'RUNNING', reason: 'crash' }]])(
    'closes for %j',
    (data) => {
      expect(changed(data)).toEqual({ routing_key: routingKey, event_action: 'resolve', dedup_key });
    },
  );

  it.each([[{ status: 'STOPPED', reason: 'stop' }], [{ status: 'FAILED', reason: null }]])(
    'does not exist for %j',
    (data) => {
      expect(changed(data)).toBeUndefined();
    },
  );
});

describe('the severity of an alert', () => {
  it.each([
    ['critical', 'critical'],
    ['FATAL', 'critical'],
    ['Emergency', 'critical'],
    ['error', 'error'],
    ['high', 'error'],
    ['warning', 'warning'],
    ['warn', 'warning'],
    ['medium', 'warning'],
    ['info', 'info'],
    ['notice', 'info'],
    ['low', 'info'],
    ['odd', 'warning'],
  ])('%s is %s', (severity, expected) => {
    const event = sampleEvent('alert.triggered', { data: { severity } });
    expect(triggerOf(event).payload.severity).toBe(expected);
  });

  it.each([
    ['success', 'info'],
    ['info', 'info'],
    ['warning', 'warning'],
    ['failure', 'error'],
  ] as const)('of a format with the tone %s is %s', (tone, severity) => {
    expect(formatted({ tone }).payload.severity).toBe(severity);
  });
});

describe('the key of an incident', () => {
  const alertKey = (data: object) => triggerOf(sampleEvent('alert.triggered', { ...at, data })).dedup_key;

  it.each([
    [{ alert_id: null }, 'Memory above 90%:site_3kq9'],
    [{ alert_id: ' ', alert_name: '' }, 'memory_percent:site_3kq9'],
    [{ site_id: null }, 'alr_5b0e'],
    [{ alert_id: null, alert_name: null, metric: null }, 'site_3kq9'],
    [{ alert_id: null, alert_name: null, metric: null, site_id: null }, 'evt_1'],
  ])('of an alert with %j ends with %s', (data, end) => {
    expect(alertKey(data)).toBe(`hostwares:acc_19c3:alert:${end}`);
  });

  it('has 255 characters at most', () => {
    const prefix = 'hostwares:acc_19c3:alert:';
    const longest = 'x'.repeat(255 - prefix.length);
    expect(alertKey({ alert_id: longest, site_id: null })).toBe(prefix + longest);
    expect(alertKey({ alert_id: `${longest}x`, site_id: null })).toBe(
      `${prefix}${'x'.repeat(254 - prefix.length)}…`,
    );
  });
});

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

it('the PagerDuty notifier resolves, and does not resolve its key, for an event that is no incident', async () => {
  const secretOf = vi.fn(() => routingKey);
  const fetch = vi.fn(async () => new Response());
  await createPagerDutyNotifier({ routingKey: secretOf, fetch })(sampleEvent('site.created'));
  expect(secretOf).not.toHaveBeenCalled();
  expect(fetch).not.toHaveBeenCalled();
});
