// The parts of a notice that depend on the data of its event: what is shown, and what is left out.
import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../src/index.js';
import type { Notice } from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';
import { noticeOf, noticeWith } from './notice-of.js';

const noCommit = { name: 'Commit', value: 'N/A' };

describe('the notice of an event without data', () => {
  const duration = { name: 'Duration', value: 'N/A' };
  it.each<[WebhookEvent['event'], string, object[]]>([
    ['deployment.started', 'Deploying A site', [noCommit]],
    ['deployment.completed', 'A site is live', [duration, noCommit]],
    ['deployment.failed', 'Deployment of A site failed', [duration, noCommit]],
    ['site.status_changed', 'A site is now unknown', []],
    ['site.created', 'Site A site was created', []],
    ['site.deleted', 'Site A site was deleted', []],
    ['domain.configured', 'A domain is configured', []],
    ['ssl.issued', 'Certificate issued for a domain', []],
    ['database.created', 'Database (unnamed) was created', []],
    ['service.deployed', 'Service (unnamed) is running', []],
    ['credits.low', 'Credits are running low', []],
    ['alert.triggered', 'Alert: a threshold was exceeded', []],
    ['ping', 'Webhook connected', []],
    ['unknown', 'later.version', []],
  ])('%s has the title "%s"', (type, title, fields) => {
    expect(noticeWith(type, {})).toMatchObject({ title, fields });
  });
});

describe('the subject of a notice', () => {
  it.each<[WebhookEvent['event'], object, string]>([
    ['site.deleted', { site_name: ' ', site_id: 'site_1' }, 'Site site_1 was deleted'],
    ['database.created', { database_id: 'db_1' }, 'Database db_1 was created'],
    ['service.deployed', { service_id: 'svc_1' }, 'Service svc_1 is running'],
    ['alert.triggered', { alert_id: 'alr_1' }, 'Alert: alr_1'],
    ['site.deleted', { site_name: 'x'.repeat(80) }, `Site ${'x'.repeat(80)} was deleted`],
    ['site.deleted', { site_name: 'x'.repeat(81) }, `Site ${'x'.repeat(79)}… was deleted`],
  ])('of %s with %j is in the title "%s"', (type, data, title) => {
    expect(noticeWith(type, data).title).toBe(title);
  });

  it('is not repeated as the domain or the site', () => {
    const data = { site_name: 'shop.example.com', domain: ' shop.example.com', commit_sha: null };
    const names = (type: WebhookEvent['event']) => noticeWith(type, data).fields.map(({ name }) => name);
    expect(names('deployment.started')).toEqual(['Commit']);
    expect(names('deployment.completed')).toEqual(['Duration', 'Commit']);
    expect(names('deployment.failed')).toEqual(['Duration', 'Commit']);
    expect(names('site.created')).toEqual([]);
    expect(names('site.status_changed')).toEqual([]);
    expect(names('domain.configured')).toEqual([]);
    expect(names('ssl.issued')).toEqual([]);
    const service = { service_name: 'a.example', domain: 'a.example' };
    expect(noticeWith('service.deployed', service).fields).toEqual([]);
  });

  it('is the id of a site without a name', () => {
    expect(noticeWith('ssl.issued', { site_id: 'site_1' }).fields).toEqual([
      { name: 'Site', value: 'site_1' },
    ]);
  });
});

describe('the status of a notice', () => {
  const status = { name: 'Status', value: 'Degraded' };
  it.each<WebhookEvent['event']>([
    'deployment.started',
    'deployment.completed',
    'deployment.failed',
    'service.deployed',
  ])('of %s is shown if it is not the usual one', (type) => {
    expect(noticeWith(type, { status: 'DEGRADED' }).fields[0]).toEqual(status);
  });

  it.each<[WebhookEvent['event'], string]>([
    ['deployment.started', 'DEPLOYING'],
    ['deployment.completed', 'RUNNING'],
    ['deployment.failed', 'FAILED'],
    ['service.deployed', 'RUNNING'],
  ])('of %s is left out if it is %s', (type, usual) => {
    expect(noticeWith(type, { status: usual }).fields).not.toContainEqual(
      expect.objectContaining({ name: 'Status' }),
    );
  });
});

describe('the notice of a failed deployment', () => {
  it.each([
    ['build', 'The build failed.', undefined],
    ['start', 'The build went well, but the container did not start.', undefined],
    [' start ', 'The build went well, but the container did not start.', undefined],
    ['push', 'The build or the start went wrong.', 'Push'],
    [undefined, 'The build or the start went wrong.', undefined],
  ])('in the stage %j says "%s"', (stage, text, shown) => {
    const notice = noticeWith('deployment.failed', { stage });
    expect(notice.text).toBe(text);
    expect(notice.fields.find(({ name }) => name === 'Stage')?.value).toBe(shown);
  });

  it('has an error of 1,500 characters', () => {
    const errorOf = (error: unknown) => noticeWith('deployment.failed', { error }).error;
    expect(errorOf('x'.repeat(1_500))).toBe('x'.repeat(1_500));
    expect(errorOf('x'.repeat(1_501))).toBe(`${'x'.repeat(1_499)}…`);
    expect(errorOf('a\nb')).toBe('a\nb');
    expect(errorOf(' ')).toBeUndefined();
  });
});

describe('the notice of a site whose status changed', () => {
  it.each<[unknown, unknown, Notice['tone'], string, object]>([
    ['RUNNING', 'start', 'success', 'is running', {}],
    ['RUNNING', 'stop', 'success', 'is running', { Reason: 'Stop' }],
    ['RUNNING', 'crash', 'success', 'is running', { Reason: 'Crash' }],
    ['STOPPED', 'stop', 'warning', 'stopped', {}],
    ['STOPPED', 'start', 'warning', 'stopped', { Reason: 'Start' }],
    ['STOPPED', 'crash', 'failure', 'crashed', { Status: 'Stopped' }],
    ['FAILED', undefined, 'failure', 'failed', {}],
    ['DEPLOYING', 'deploy', 'info', 'is deploying', { Reason: 'Deploy' }],
    ['CRASHED', 'crash', 'failure', 'crashed', {}],
    ['CRASHED', 'oom_kill', 'failure', 'crashed', { Reason: 'Oom kill' }],
    ['SCALED_DOWN', undefined, 'info', 'is now scaled down', {}],
    [undefined, undefined, 'info', 'is now unknown', {}],
    ['X'.repeat(90), undefined, 'info', `is now ${'x'.repeat(72)}…`, {}],
  ])('to %s with the reason %s has the tone %s and says that it %s', (status, reason, tone, phrase, more) => {
    const notice = noticeWith('site.status_changed', { site_name: 'shop', status, reason });
    expect(notice).toMatchObject({ tone, title: `shop ${phrase}` });
    expect(Object.fromEntries(notice.fields.map(({ name, value }) => [name, value]))).toEqual(more);
  });
});

describe('the notice of low credits', () => {
  it.each<[object, object]>([
    [
      { balance: 4.2, limit: 50, percent_remaining: 8 },
      { Balance: '4.2 of 50 credits', Remaining: '8%' },
    ],
    [{ balance: 4.2, currency: 'EUR' }, { Balance: '4.2 EUR' }],
    [{ balance: 4.2, currency: '%' }, { Balance: '4.2%' }],
    [{ currency: 'EUR' }, {}],
  ])('with %j has the fields %j', (data, fields) => {
    const notice = noticeWith('credits.low', data);
    expect(Object.fromEntries(notice.fields.map(({ name, value }) => [name, value]))).toEqual(fields);
  });
});

describe('the notice of an alert', () => {
  it.each<[unknown, Notice['tone'], string | undefined]>([
    ['critical', 'failure', 'Critical'],
    ['FATAL', 'failure', 'Fatal'],
    ['emergency', 'failure', 'Emergency'],
    ['error', 'failure', 'Error'],
    ['high', 'failure', 'High'],
    ['warning', 'warning', 'Warning'],
    ['warn', 'warning', 'Warn'],
    ['medium', 'warning', 'Medium'],
    ['info', 'info', 'Info'],
    ['notice', 'info', 'Notice'],
    ['low', 'info', 'Low'],
    ['odd', 'warning', 'Odd'],
    [undefined, 'warning', undefined],
  ])('with the severity %s has the tone %s and shows %s', (severity, tone, shown) => {
    const notice = noticeWith('alert.triggered', { severity });
    expect(notice.tone).toBe(tone);
    expect(notice.fields.find(({ name }) => name === 'Severity')?.value).toBe(shown);
  });
});

describe('the notice of a ping', () => {
  it('lists the subscribed types that are text', () => {
    const fieldsOf = (events: unknown) => noticeWith('ping', { events }).fields;
    expect(fieldsOf(['a', null, ' ', 'b'])).toEqual([{ name: 'Events', value: 'a, b', wide: true }]);
    expect(fieldsOf([])).toEqual([]);
    expect(fieldsOf('a')).toEqual([]);
    expect(fieldsOf(null)).toEqual([]);
  });
});

describe('the notice of an event of an unknown type', () => {
  it('has the first ten values of its data', () => {
    const data = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`name${index}`, index]));
    expect(noticeWith('unknown', data).fields.map(({ name }) => name)).toEqual(
      Object.keys(data).slice(0, 10),
    );
  });

  it('has a title and names of 80 characters', () => {
    const event = { ...sampleEvent('unknown'), type: 'x'.repeat(81), data: { ['n'.repeat(81)]: 1 } };
    const notice = noticeOf(event);
    expect(notice.title).toBe(`${'x'.repeat(79)}…`);
    expect(notice.fields[0]?.name).toBe(`${'n'.repeat(79)}…`);
  });
});
