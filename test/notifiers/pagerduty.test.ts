// The complete bodies for PagerDuty, and the parts of an event that identify and describe an incident.
import { describe, expect, it, vi } from 'vitest';
import type { WebhookEvent } from '../../src/index.js';
import {
  createPagerDutyNotifier,
  toPagerDutyEvent,
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
const formatted = (changes: NoticeChanges) =>
  toPagerDutyEvent(sampleEvent('alert.triggered', at), {
    routingKey,
    format: { 'alert.triggered': () => changes },
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

it('the PagerDuty notifier resolves, and does not resolve its key, for an event that is no incident', async () => {
  const secretOf = vi.fn(() => routingKey);
  const fetch = vi.fn(async () => new Response());
  await createPagerDutyNotifier({ routingKey: secretOf, fetch })(sampleEvent('site.created'));
  expect(secretOf).not.toHaveBeenCalled();
  expect(fetch).not.toHaveBeenCalled();
});
