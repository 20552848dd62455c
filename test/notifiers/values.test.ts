// How values of an event are written: text, numbers, durations, dates, constants, commits, metrics and repositories.
import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../src/index.js';
import { toDiscordMessage, toPagerDutyEvent, type PagerDutyTrigger } from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const routingKey = 'r0000000000000000000000000000000';

/** The fields of an event as PagerDuty gets them, without markup. */
function detailsOf(event: WebhookEvent): Record<string, string> {
  const options = { routingKey, alsoTrigger: [event.event] };
  return (toPagerDutyEvent(event, options) as PagerDutyTrigger).payload.custom_details;
}
/** One value of an event of an unknown type: neither its name nor its value has a meaning. */
const shown = (value: unknown) => detailsOf(sampleEvent('unknown', { data: { note: value } })).note;
/** A text that a format returns, of which PagerDuty shows 2,000 characters. */
const longText = (text: string) => {
  const format = { 'alert.triggered': () => ({ text }) };
  const body = toPagerDutyEvent(sampleEvent('alert.triggered'), { routingKey, format });
  return (body as PagerDutyTrigger).payload.custom_details['What happened'];
};

describe('a text', () => {
  it.each<[unknown, string | undefined]>([
    ['  a \t b\r\nc  ', 'a b c'],
    ['a\u200Bb', 'ab'],
    ['\u001B[31mred\u001B[0m', 'red'],
    ['half \uD83D', 'half \uFFFD'],
    ['a\u0300\u0301\u0302\u0303\u0304\u0305', 'a\u0300\u0301\u0302\u0303'],
    ['\u200D\uFE0F', undefined],
    ['', undefined],
    [true, undefined],
    [null, undefined],
    [['a'], undefined],
  ])('%j is written as %j', (value, text) => {
    expect(shown(value)).toBe(text);
  });

  it('of several lines keeps them, with one kind of line break', () => {
    expect(longText('a\r\nb\rc\u2028d\n\ne\tf')).toBe('a\nb\nc\nd\n\ne f');
  });

  it('is read up to its ten-thousandth character', () => {
    expect(longText(`${'\u200B'.repeat(9_999)}xy`)).toBe('x');
  });

  it('is shown whole if it has the greatest length, and otherwise ends with an ellipsis', () => {
    expect(shown('x'.repeat(200))).toBe('x'.repeat(200));
    expect(shown('x'.repeat(201))).toBe(`${'x'.repeat(199)}…`);
  });

  it('is truncated before a blank or a surrogate pair at its end', () => {
    expect(shown(`${'x'.repeat(198)} ${'y'.repeat(9)}`)).toBe(`${'x'.repeat(198)}…`);
    expect(shown(`${'x'.repeat(198)}😀${'y'.repeat(9)}`)).toBe(`${'x'.repeat(198)}…`);
    expect(shown(`${'x'.repeat(197)}😀${'y'.repeat(9)}`)).toBe(`${'x'.repeat(197)}😀…`);
  });

  it.each([
    // Each escaped star has two characters.
    ['*'.repeat(128), '\\*'.repeat(128)],
    [`a${'*'.repeat(128)}`, `a${'\\*'.repeat(126)}…`],
    [`a${'*'.repeat(300)}`, `a${'\\*'.repeat(127)}…`],
    ['*'.repeat(300), `${'\\*'.repeat(127)}…`],
    ['x'.repeat(256), 'x'.repeat(256)],
    ['x'.repeat(257), `${'x'.repeat(255)}…`],
  ])('is truncated so that its escaped form just fits: %#', (title, expected) => {
    const format = { 'credits.low': () => ({ title }) };
    expect(toDiscordMessage(sampleEvent('credits.low'), { format }).embeds[0].title).toBe(expected);
  });
});

describe('a number', () => {
  it.each([
    [0, '0'],
    [-3, '-3'],
    [0.00421567, '0.004216'],
    [-0.00421567, '-0.004216'],
    [0.99996, '1'],
    [1.006, '1.01'],
    [-93.14159, '-93.14'],
    [1e21, '1e+21'],
    [1e307, '1e+307'],
    [123_456_789_012.345, '123456789012.35'],
    [NaN, undefined],
    [Infinity, undefined],
  ])('%d is written as %s', (value, text) => {
    expect(shown(value)).toBe(text);
  });
});

describe('a duration', () => {
  it.each<[unknown, string]>([
    [0, '0 s'],
    [0.04, '0 s'],
    [59.94, '59.9 s'],
    [59.95, '1 min'],
    [61, '1 min 1 s'],
    [3_599, '59 min 59 s'],
    [3_600, '1 h'],
    [3_659, '1 h'],
    [3_660, '1 h 1 min'],
    [86_399, '23 h 59 min'],
    [86_400, '1 d'],
    [89_999, '1 d'],
    [90_000, '1 d 1 h'],
    [1e10, '115740 d 17 h'],
    [1e10 + 1, 'N/A'],
    [-0.1, 'N/A'],
    ['12', 'N/A'],
  ])('of %s seconds is written as %s', (duration_seconds, text) => {
    const data = { duration_seconds: duration_seconds as number };
    expect(detailsOf(sampleEvent('deployment.failed', { data })).Duration).toBe(text);
  });
});

describe('a commit', () => {
  it.each<[unknown, unknown, string]>([
    ['9fceb02d', 'Fix', '9fceb02 Fix'],
    ['9FCEB02D0AE5', 'Fix', '9FCEB02 Fix'],
    ['9fceb02', 'Fix', '9fceb02 Fix'],
    ['9fce', 'Fix', '9fce Fix'],
    ['x9fceb02d0a', 'Fix', 'x9fceb02d0a Fix'],
    ['9fceb02d0ax', 'Fix', '9fceb02d0ax Fix'],
    ['9fceb02d', null, '9fceb02'],
    ['9fceb02d', 7, '9fceb02'],
    [null, 'Fix', 'Fix'],
    [null, '\n\n  Fix\r\nmore', 'Fix'],
    [null, 'Fix\rmore', 'Fix'],
    [null, null, 'N/A'],
  ])('%j with the message %j is written as %j', (commit_sha, commit_message, text) => {
    const data = { commit_sha, commit_message } as never;
    expect(detailsOf(sampleEvent('deployment.failed', { data })).Commit).toBe(text);
  });
});

describe('a constant', () => {
  it.each([
    ['RUNNING', 'Running'],
    ['SCALED_DOWN_V2', 'Scaled down v2'],
    ['A', 'A'],
    ['a', 'A'],
    ['scaled_down_v2', 'Scaled down v2'],
    ['Running', 'Running'],
    ['pgBouncer', 'pgBouncer'],
    ['V2_x', 'V2_x'],
    ['RUNNING x', 'RUNNING x'],
    ['x RUNNING', 'x RUNNING'],
    ['node.js', 'node.js'],
    ['2FA', '2FA'],
    ['_X', '_X'],
  ])('%s is written as %s', (status, text) => {
    expect(detailsOf(sampleEvent('site.created', { data: { status: status as never } })).Status).toBe(text);
  });
});

describe('a date', () => {
  it.each([
    ['2027-02-20T12:00:00.000Z', '2027-02-20'],
    ['2027-02-20', '2027-02-20'],
    ['2027-02-20 12:00', '2027-02-20 12:00'],
    ['12027-02-20T12:00', '12027-02-20T12:00'],
    ['2027-2-20T12:00', '2027-2-20T12:00'],
    ['2027-02-2T12:00', '2027-02-2T12:00'],
    ['in a year', 'in a year'],
  ])('%s is written as %s', (expires_at, text) => {
    expect(detailsOf(sampleEvent('ssl.issued', { data: { expires_at } }))['Valid until']).toBe(text);
  });
});

describe('the time of an event', () => {
  it.each<[unknown, string | undefined]>([
    ['2026-01-31T08:00:00Z', '2026-01-31T08:00:00.000Z'],
    ['2026-01-31T09:00:00.5+01:00', '2026-01-31T08:00:00.500Z'],
    ['soon', undefined],
    [7, undefined],
    [null, undefined],
  ])('%j is written as %j', (timestamp, time) => {
    const event = { ...sampleEvent('credits.low'), timestamp } as WebhookEvent;
    expect(toDiscordMessage(event).embeds[0].timestamp).toBe(time);
  });
});

describe('a share', () => {
  it.each<[unknown, unknown, string | undefined]>([
    [4.2, 50, '4.2 of 50 credits'],
    [0, 50, '0 of 50 credits'],
    [4.2, null, '4.2 credits'],
    [null, 50, undefined],
  ])('%j of %j is written as %j', (balance, limit, text) => {
    const data = { balance, limit } as never;
    expect(detailsOf(sampleEvent('credits.low', { data })).Balance).toBe(text);
  });
});

describe('a metric', () => {
  it.each<[string, string, string]>([
    ['cpu_pct', 'CPU usage in percent', '7%'],
    ['error_percentage', 'Error in percent', '7%'],
    ['p95_latency_ms', 'P95 latency in milliseconds', '7 ms'],
    ['latency_milliseconds', 'Latency in milliseconds', '7 ms'],
    ['boot_seconds', 'Boot in seconds', '7 s'],
    ['idle_minutes', 'Idle in minutes', '7 min'],
    ['swap_bytes', 'Swap usage in bytes', '7 bytes'],
    ['storage_kb', 'Storage usage in kB', '7 kB'],
    ['ram_mib', 'RAM usage in MiB', '7 MiB'],
    ['gpu', 'GPU usage', '7'],
    ['gpu_temperature', 'GPU temperature', '7'],
    ['memory_usage', 'Memory usage', '7'],
    ['ms', 'Ms', '7'],
    ['db_io', 'DB IO', '7'],
    ['_memory', '_memory', '7'],
    ['memory_', 'memory_', '7'],
    ['memory__percent', 'memory__percent', '7'],
    ['memory percent', 'memory percent', '7'],
    ['the memory_percent', 'the memory_percent', '7'],
    ['memory_percent!', 'memory_percent!', '7'],
    ['5xx_percent', '5xx_percent', '7'],
  ])('%s is written as %s, and its value as %s', (metric, name, value) => {
    const event = sampleEvent('alert.triggered', { data: { metric, value: 7, threshold: null as never } });
    expect(detailsOf(event)).toMatchObject({ Metric: name, Value: value });
    expect(detailsOf(event)).not.toHaveProperty('Threshold');
  });

  it('has the unit of the event rather than its own, of 20 characters at most', () => {
    const data = { metric: 'memory_percent', value: 7, unit: 'x'.repeat(21) } as never;
    expect(detailsOf(sampleEvent('alert.triggered', { data })).Value).toBe(`7 ${'x'.repeat(19)}…`);
  });
});

describe('a repository', () => {
  it.each<[string, string, string | undefined]>([
    ['https://git.example.com/acme/shop', 'git.example.com/acme/shop', 'https://git.example.com/acme/shop'],
    ['http://git.example.com/acme/', 'git.example.com/acme', 'http://git.example.com/acme/'],
    ['https://user:pw@git.example.com/a', 'git.example.com/a', 'https://git.example.com/a'],
    ['https://user@git.example.com/a', 'git.example.com/a', 'https://git.example.com/a'],
    ['https://u:p@w@git.example.com/a', 'git.example.com/a', 'https://git.example.com/a'],
    ['https://git.example.com/a?token=pw#pw', 'git.example.com/a', 'https://git.example.com/a'],
    ['https://git.example.com/a#pw', 'git.example.com/a', 'https://git.example.com/a'],
    ['ssh://git@host/shop', 'ssh://host/shop', undefined],
    ['git@host:acme/shop', 'git@host:acme/shop', undefined],
    ['user:pw@host:acme/shop', 'host:acme/shop', undefined],
    ['user:pw@host/ssh://x', 'host/ssh://x', undefined],
    ['acme/shop', 'acme/shop', undefined],
    ['a copy of https://git.example.com/a', 'a copy of https://git.example.com/a', undefined],
  ])('%s is written as %s and linked to %s', (repository, text, href) => {
    const event = sampleEvent('site.created', { data: { repository } });
    expect(detailsOf(event).Repository).toBe(text);
    const { links } = toPagerDutyEvent(event, {
      routingKey,
      alsoTrigger: ['site.created'],
    }) as PagerDutyTrigger;
    expect(links).toEqual(href === undefined ? [] : [{ href, text: 'Repository' }]);
  });
});
