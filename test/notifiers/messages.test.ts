import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventTypes, type WebhookEvent } from '../../src/index.js';
import {
  toDiscordMessage,
  toPagerDutyEvent,
  toSlackMessage,
  type EventLinks,
  type NoticeFormats,
  type PagerDutyTrigger,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';
import { countFor } from '../support/long.js';
import { discordProblems, pagerDutyProblems, slackProblems } from './limits.js';

const routingKey = 'r0000000000000000000000000000000';
const types = [...eventTypes, 'ping', 'unknown'] as const;
const timestamp = '2026-01-31T08:00:00.000Z';
const at = { id: 'evt_1', timestamp };

const pagerDuty = (event: WebhookEvent, alsoTrigger: readonly (typeof types)[number][] = []) =>
  toPagerDutyEvent(event, { routingKey, alsoTrigger });

/** The three messages of an event. Every type triggers an incident. */
function allOf(event: WebhookEvent, format: NoticeFormats = {}) {
  return {
    slack: toSlackMessage(event, { format }),
    discord: toDiscordMessage(event, { format }),
    pagerDuty: toPagerDutyEvent(event, { routingKey, alsoTrigger: types, format })!,
  };
}

function problemsOf(messages: ReturnType<typeof allOf>): string[] {
  return [
    ...slackProblems(messages.slack),
    ...discordProblems(messages.discord),
    ...pagerDutyProblems(messages.pagerDuty),
  ];
}

describe.each(types)('the messages for %s', (type) => {
  const event = sampleEvent(type, at) as WebhookEvent;

  it('are within the limits and have no markup but their own', () => {
    expect(problemsOf(allOf(event))).toEqual([]);
  });

  it('have text without undefined, null or NaN if all data is null or missing', () => {
    const nothing = Object.fromEntries(Object.keys(event.data as object).map((key) => [key, null]));
    for (const data of [nothing, {}]) {
      const messages = allOf({ ...event, data } as unknown as WebhookEvent);
      expect(problemsOf(messages)).toEqual([]);
      expect(JSON.stringify(messages)).not.toMatch(/undefined|null|NaN|\[object/);
    }
  });

  it('have the time of the event', () => {
    const messages = allOf(event);
    expect(JSON.stringify(messages.slack)).toContain(`<!date^${Date.parse(timestamp) / 1000}^`);
    expect(messages.discord.embeds[0].timestamp).toBe(timestamp);
    if (messages.pagerDuty.event_action === 'trigger') {
      expect(messages.pagerDuty.payload.timestamp).toBe(timestamp);
    }
  });
});

describe('a message', () => {
  const fieldsOf = (event: WebhookEvent) =>
    Object.fromEntries(toDiscordMessage(event).embeds[0].fields.map(({ name, value }) => [name, value]));

  it('is the published Discord embed for a completed deployment (contract section 5)', () => {
    const event = sampleEvent('deployment.completed', at);
    const [embed] = toDiscordMessage(event).embeds;
    expect(embed).toMatchObject({ color: 0x22c55e, title: 'shop is live', timestamp });
    expect(fieldsOf(event)).toMatchObject({
      Site: 'shop',
      Duration: '42.5 s',
      Commit: '9fceb02 Fix the cart total',
      Domain: '[shop.example.com](https://shop.example.com/)',
    });
  });

  it('is red and shows the unchanged error for a failed deployment', () => {
    const [embed] = toDiscordMessage(sampleEvent('deployment.failed', at)).embeds;
    expect(embed.color).toBe(0xef4444);
    expect(embed.description).toBe('The build failed.\n```\nnpm run build exited with code 1\n```');
  });

  it('shows N/A for a missing commit, and no field for a missing domain', () => {
    const data = { commit_sha: null, commit_message: null, domain: null };
    const fields = fieldsOf(sampleEvent('deployment.completed', { data }));
    expect(fields.Commit).toBe('N/A');
    expect(fields).not.toHaveProperty('Domain');
  });

  it.each([
    [0, '0 s'],
    [12.5, '12.5 s'],
    [12.34, '12.3 s'],
    [59.96, '1 min'],
    [60, '1 min'],
    [184, '3 min 4 s'],
    [3599.6, '1 h'],
    [3720, '1 h 2 min'],
    [183_600, '2 d 3 h'],
    [-1, 'N/A'],
    [NaN, 'N/A'],
    [Infinity, 'N/A'],
    [1e300, 'N/A'],
    ['12', 'N/A'],
  ])('writes a duration of %s s as %s', (duration_seconds, words) => {
    const event = sampleEvent('deployment.completed', {
      data: { duration_seconds: duration_seconds as number },
    });
    expect(fieldsOf(event).Duration).toBe(words);
  });

  it.each([
    ['STOPPED', 'stop', 'shop stopped', 0xf59e0b],
    ['RUNNING', 'start', 'shop is running', 0x22c55e],
    ['RUNNING', 'crash', 'shop is running', 0x22c55e],
    ['CRASHED', undefined, 'shop crashed', 0xef4444],
    ['STOPPED', 'crash', 'shop crashed', 0xef4444],
    ['SCALED_DOWN', undefined, 'shop is now scaled down', 0x3b82f6],
    ['__proto__', undefined, 'shop is now \\_\\_proto\\_\\_', 0x3b82f6],
  ])('describes status %s with reason %s as %s', (status, reason, title, color) => {
    const event = sampleEvent('site.status_changed', { data: { status, reason: reason ?? null } });
    expect(toDiscordMessage(event).embeds[0]).toMatchObject({ title, color });
  });

  it.each([
    [0.0042, '0.0042'],
    [93.14159, '93.14'],
    [1e307, '1e\\+307'],
    [90, '90'],
  ])('writes the value %s of an alert as %s', (value, words) => {
    expect(fieldsOf(sampleEvent('alert.triggered', { data: { value, metric: null } }))).toMatchObject({
      Value: words,
    });
  });

  it('shows a repository unchanged', () => {
    const data = { repository: 'https://git.example.com/acme/my_shop' };
    const incident = JSON.stringify(pagerDuty(sampleEvent('site.created', { data }), ['site.created']));
    expect(incident).toContain('"Repository":"git.example.com/acme/my_shop"');
    expect(
      JSON.stringify(
        allOf(sampleEvent('site.created', { data: { repository: 'git@host:acme/shop' } })).slack,
      ),
    ).toContain('git@host:acme/shop');
  });

  it('shows no escape sequences, no emoji codes and no invisible names', () => {
    const error = '\x1b[31mred\x1b(B\x1b[m \x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\ \x9b31mend';
    const [embed] = toDiscordMessage(sampleEvent('deployment.failed', { data: { error } })).embeds;
    expect(embed.description).toContain('\nred link end\n');
    const slack = JSON.stringify(
      toSlackMessage(sampleEvent('deployment.failed', { data: { commit_message: ':tada:' } })),
    );
    expect(slack).not.toContain(':tada:');
    for (const site_name of ['\u3164', '\u200D\uFE0F', '\u2800']) {
      const [named] = toDiscordMessage(sampleEvent('site.deleted', { data: { site_name } })).embeds;
      expect(named.title).toContain('3kq9');
    }
  });

  it('removes user name and password from the address of a format', () => {
    const url = 'https://user:hunter2@wiki.example.com/runbook';
    const format = { 'credits.low': () => ({ url, fields: [{ name: 'Runbook', value: 'Read', url }] }) };
    const messages = JSON.stringify(allOf(sampleEvent('credits.low'), format));
    expect(messages).toContain('https://wiki.example.com/runbook');
    expect(messages).not.toMatch(/hunter2|user/);
  });

  it('links the title in Slack as in Discord, and only if the site has a domain', () => {
    const titled = toSlackMessage(sampleEvent('deployment.completed', at));
    expect(titled.blocks).toEqual([
      {
        type: 'section',
        text: { type: 'mrkdwn', text: '*<https://shop.example.com/|shop is live>*', verbatim: true },
      },
    ]);
    expect(JSON.stringify(toSlackMessage(sampleEvent('credits.low')).blocks)).toContain(
      '"*Credits are running low*"',
    );
  });

  it('shows the error before the fields and in the text of notifications', () => {
    const error = 'first line\nsecond line';
    const {
      slack,
      discord,
      pagerDuty: incident,
    } = allOf(sampleEvent('deployment.failed', { data: { error } }));
    const card = JSON.stringify(slack.attachments[0]!.blocks);
    expect(card.indexOf('first line')).toBeLessThan(card.indexOf('Duration'));
    expect(slack.text).toContain('first line second line');
    expect(discord.embeds[0].description).toContain(error);
    expect(incident).toMatchObject({
      payload: { summary: 'Deployment of shop failed: first line', custom_details: { Error: error } },
    });
    const { custom_details } = (incident as PagerDutyTrigger).payload;
    expect(Object.keys(custom_details)[0]).toBe('Error');
  });

  const slackFields = (event: WebhookEvent) =>
    (JSON.stringify(toSlackMessage(event).attachments).match(/\*[A-Z][a-z ]+\*\\n/g) ?? []).map((name) =>
      name.slice(1, -3),
    );

  it.each<[WebhookEvent, string[]]>([
    [sampleEvent('deployment.started'), ['Branch', 'Domain', 'Commit']],
    [sampleEvent('deployment.completed'), ['Duration', 'Domain', 'Commit']],
    [
      sampleEvent('deployment.completed', { data: { status: 'DEGRADED' as never } }),
      ['Status', 'Duration', 'Domain', 'Commit'],
    ],
    [sampleEvent('deployment.completed', { data: { domain: 'shop' } }), ['Duration', 'Commit']],
    [sampleEvent('deployment.failed'), ['Duration', 'Domain', 'Commit']],
    [
      sampleEvent('deployment.failed', { data: { stage: 'push' } }),
      ['Duration', 'Stage', 'Domain', 'Commit'],
    ],
    [sampleEvent('site.status_changed'), ['Previous status', 'Domain']],
    [
      sampleEvent('site.status_changed', { data: { status: 'STOPPED' } }),
      ['Status', 'Previous status', 'Domain'],
    ],
    [
      sampleEvent('site.status_changed', { data: { status: 'STOPPED', reason: 'stop' } }),
      ['Previous status', 'Domain'],
    ],
    [
      sampleEvent('site.status_changed', { data: { status: 'STOPPED', reason: 'idle' as never } }),
      ['Previous status', 'Reason', 'Domain'],
    ],
    [sampleEvent('site.created'), ['Status', 'Type', 'Created in', 'Branch', 'Repository']],
    [sampleEvent('site.deleted'), ['Deleted in']],
    [sampleEvent('domain.configured'), ['Site']],
    [sampleEvent('domain.configured', { data: { site_name: 'shop.example.com' } }), []],
    [sampleEvent('ssl.issued'), ['Site', 'Issuer', 'Valid until']],
    [sampleEvent('database.created'), ['Type', 'Status']],
    [sampleEvent('service.deployed'), ['Template', 'Domain']],
    [sampleEvent('alert.triggered'), ['Metric', 'Value', 'Threshold', 'Site', 'Severity']],
  ])('has no field that repeats the title: %#', (event, names) => {
    expect(slackFields(event)).toEqual(names);
  });

  it('has the field Site in the Discord embed of a finished deployment (contract section 5)', () => {
    for (const type of ['deployment.completed', 'deployment.failed'] as const) {
      expect(fieldsOf(sampleEvent(type))).toMatchObject({ Site: 'shop' });
      expect(fieldsOf(sampleEvent(type, { data: { site_name: null as never } }))).toMatchObject({
        Site: 'site\\_3kq9',
      });
    }
    expect(fieldsOf(sampleEvent('deployment.started'))).not.toHaveProperty('Site');
  });

  it("names a site once on PagerDuty's source line", () => {
    const payload = (data: object) =>
      (pagerDuty(sampleEvent('deployment.failed', { data })) as PagerDutyTrigger).payload;
    expect(payload({})).toMatchObject({ source: 'shop.example.com', component: 'shop' });
    expect(payload({ domain: null })).toMatchObject({ source: 'shop' });
    expect(payload({ domain: null })).not.toHaveProperty('component');
    expect(payload({ domain: 'shop' })).not.toHaveProperty('component');
    expect(payload({}).custom_details).not.toHaveProperty('Account');
  });

  it.each([
    ['memory_percent', 'Memory usage in percent', '93.1%'],
    ['cpu_usage_percent', 'CPU usage in percent', '93.1%'],
    ['error_rate', 'Error rate', '93.1'],
    ['response_time_ms', 'Response time in milliseconds', '93.1 ms'],
    ['DISK_USED_GB', 'Disk used in GB', '93.1 GB'],
    ['http_requests_per_second', 'HTTP requests per second', '93.1'],
    ['disk', 'Disk usage', '93.1'],
    ['percent', 'Percent', '93.1'],
    ['Queue depth (p95)', 'Queue depth (p95)', '93.1'],
    ['node.load', 'node.load', '93.1'],
    [null, undefined, '93.1'],
  ])('writes the metric %s as %s, and its value as %s', (metric, words, value) => {
    const { custom_details } = (
      pagerDuty(sampleEvent('alert.triggered', { data: { metric } })) as PagerDutyTrigger
    ).payload;
    expect(custom_details.Metric).toBe(words);
    expect(custom_details.Value).toBe(value);
  });

  it('adds the unit of the event to a number, and none to text', () => {
    const alert = { metric: 'queue_depth', unit: 'jobs', value: 120, threshold: '100 jobs' as never };
    expect(fieldsOf(sampleEvent('alert.triggered', { data: alert }))).toMatchObject({
      Value: '120 jobs',
      Threshold: '100 jobs',
    });
    expect(fieldsOf(sampleEvent('credits.low'))).toMatchObject({ Balance: '4.2 of 50 credits' });
    const euros = { balance: 4.2, limit: null, currency: 'EUR' };
    expect(fieldsOf(sampleEvent('credits.low', { data: euros }))).toMatchObject({ Balance: '4.2 EUR' });
  });

  it('keeps a part that a format returns as undefined', () => {
    const format = {
      'credits.low': () => ({ title: undefined, fields: undefined, tone: undefined }) as never,
    };
    const event = sampleEvent('credits.low', at);
    expect(toSlackMessage(event, { format })).toEqual(toSlackMessage(event));
  });

  it('is composed quickly from ten thousand characters', () => {
    const letters = Array.from({ length: 9_900 }, (_, index) => String.fromCharCode(0x4e00 + index)).join('');
    const times = Array.from({ length: 5 }, () => {
      const begun = performance.now();
      allOf(sampleEvent('domain.configured', { data: { domain: letters } }));
      return performance.now() - begun;
    });
    // The fastest run counts, because a busy machine slows single runs down.
    expect(Math.min(...times)).toBeLessThan(100);
  });

  it('shows no user name or password of a repository', () => {
    for (const repository of [
      'ssh://git:pa/hunter2@host/shop',
      'x-access-token:hunter2@github.com/acme/shop',
      'https://git.example.com/acme/shop?access_token=hunter2',
      'https://user:hunter2@git.example.com/acme/shop',
      'ssh://git:hunter2@host/shop',
    ]) {
      const messages = JSON.stringify(allOf(sampleEvent('site.created', { data: { repository } })));
      expect(messages).not.toContain('hunter2');
      expect(messages).toContain('/shop');
    }
  });

  it('links to valid host names only', () => {
    for (const domain of [
      'localhost',
      'shop',
      '2130706433',
      '0x7f.1',
      '0x7f000001',
      '0177.0.0.1',
      '127.1',
      'a..b',
      'shop.example.com.',
      '*.example.com',
      'a b',
      'x@evil.example',
      'x/../y',
      'javascript:alert(1)',
      'x:8080',
    ]) {
      const {
        slack,
        discord,
        pagerDuty: incident,
      } = allOf(sampleEvent('domain.configured', { data: { domain } }));
      expect(JSON.stringify([slack, incident]), domain).not.toMatch(/<http|"href"/);
      expect(discord.embeds[0].url, domain).toBeUndefined();
    }
  });

  it('shows the values of an unknown event that can be shown', () => {
    const data = JSON.parse('{"__proto__":"x","n":1.005,"deep":{"a":1},"none":null,"list":[1]}') as object;
    const event = sampleEvent('unknown', { type: 'site.paused', data: data as never });
    expect(toDiscordMessage(event).embeds[0].title).toBe('site.paused');
    expect(fieldsOf(event)).toMatchObject({ n: '1' });
    const incident = pagerDuty(event, ['unknown']);
    expect(
      Object.hasOwn(
        (incident as never as { payload: { custom_details: object } }).payload.custom_details,
        '__proto__',
      ),
    ).toBe(true);
  });
});

describe('the address of a link', () => {
  /** The messages whose title and one field link to the address. */
  const linking = (url: string) =>
    allOf(sampleEvent('credits.low'), {
      'credits.low': () => ({ url, fields: [{ name: 'Runbook', value: 'Read', url }] }),
    });

  it.each([
    'http://localhost:3000/logs',
    'https://grafana/d/1',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'https://a..b/',
    'https://example.com./',
  ])('becomes text on Discord for %s, which Discord would reject', (url) => {
    const { slack, discord } = linking(url);
    expect(discord.embeds[0]).not.toHaveProperty('url');
    expect(discord.embeds[0].title).toBe('Credits are running low');
    expect(discord.embeds[0].fields).toEqual([{ name: 'Runbook', value: 'Read', inline: true }]);
    expect(JSON.stringify(slack)).toContain('|Credits are running low>');
  });

  it.each([
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://user@0x7f.1:8080/x',
    'http:\\\\0x7f.1\\x',
    'http://%31%32%37.0.0.1/',
    'http://１２７.0.0.1/',
  ])('becomes text everywhere for %s, a disguised IP address', (url) => {
    const { slack, discord, pagerDuty: incident } = linking(url);
    expect(JSON.stringify([slack, discord, incident])).not.toContain('http');
    expect(JSON.stringify(slack)).toContain('*Runbook*\\nRead');
    expect(discord.embeds[0].fields[0]).toMatchObject({ value: 'Read' });
  });

  it.each([
    'https://shop.example.com/',
    'http://127.0.0.1:3000/logs',
    'https://xn--bcher-kva.example/',
    'https://my_shop.example/',
  ])('becomes a link everywhere for %s', (url) => {
    const { slack, discord, pagerDuty: incident } = linking(url);
    expect(discord.embeds[0].url).toBe(url);
    expect(JSON.stringify(slack)).toContain(`*<${url}|`);
    expect((incident as PagerDutyTrigger).links[0]!.href).toBe(url);
  });
});

describe('the links of a message', () => {
  const logs = 'https://logs.example.com/dep_81fb';
  const dashboard = 'https://dashboard.example.com/shop';
  const event = sampleEvent('deployment.failed', at);
  const all = (links: EventLinks, format: NoticeFormats = {}) => ({
    slack: toSlackMessage(event, { links, format }),
    discord: toDiscordMessage(event, { links, format }),
    pagerDuty: toPagerDutyEvent(event, { routingKey, links, format }) as PagerDutyTrigger,
  });

  it('are shown below the fields', () => {
    const seen: WebhookEvent[] = [];
    const messages = all((each) => {
      seen.push(each);
      return { logs, dashboard };
    });
    expect(seen).toEqual([event, event, event]);
    expect(problemsOf(messages)).toEqual([]);
    expect(messages.slack.attachments[0]!.blocks.at(-2)).toMatchObject({
      text: { text: `<${logs}|Logs> · <${dashboard}|Dashboard>` },
    });
    expect(messages.discord.embeds[0].fields.at(-1)).toEqual({
      name: 'Links',
      value: `[Logs](${logs}) · [Dashboard](${dashboard})`,
      inline: false,
    });
    expect(messages.pagerDuty.links).toEqual([
      { href: logs, text: 'Logs' },
      { href: dashboard, text: 'Dashboard' },
      { href: 'https://shop.example.com/', text: 'Open the site' },
    ]);
  });

  it.each<[string, EventLinks]>([
    ['undefined', () => undefined],
    ['undefined links', () => ({ logs: undefined, dashboard: undefined })],
    ['links that are none', () => ({ logs: 'javascript:alert(1)', dashboard: '/relative' })],
    ['links that are no text', () => ({ logs: 7 }) as never],
  ])('are left out for %s', (_, links) => {
    expect(JSON.stringify(all(links))).not.toMatch(/Logs|Dashboard|"Links"/);
  });

  it('can be set and replaced by a format', () => {
    const format: NoticeFormats = {
      'deployment.failed': (_, notice) => ({ links: { ...notice.links, dashboard } }),
    };
    expect(JSON.stringify(all(() => ({ logs }), format).slack)).toContain(`<${logs}|Logs> · <${dashboard}|`);
  });

  it('stay within the limits at any length', () => {
    const long = (letter: string) => `https://example.com/${letter.repeat(1_900)}`;
    for (const links of [
      { logs: long('a'), dashboard: long('b') },
      { logs: long('&'), dashboard },
      { logs: `${logs}/${'a'.repeat(900)}`, dashboard: `${dashboard}/${'b'.repeat(900)}` },
    ]) {
      const messages = all(() => links);
      expect(problemsOf(messages)).toEqual([]);
      expect(JSON.stringify(messages.slack)).toMatch(/\|Logs>|\|Dashboard>/);
    }
  });

  it.each<[unknown, RegExp]>([
    [{ log: logs }, /links returned "log". Expected: logs, dashboard/],
    [logs, /links must return an object, not string/],
    [null, /links must return an object, not null/],
    [Promise.resolve({ logs }), /links is asynchronous/],
  ])('reject %o with a TypeError', (result, expected) => {
    expect(() => all(() => result as never)).toThrow(expected);
  });
});

describe('hostile text', () => {
  const hostile = [
    '@everyone',
    '@here <!channel> <!here|x> <@U123> <#C123> <!subteam^S1>',
    '<@123456789012345678> <@&1> <#1> <:e:1> <t:1> </cmd:1>',
    '[x](javascript:alert(1)) [x](https://evil.example) <https://evil.example|bank>',
    'https://evil.example http://evil.example',
    '*b* _i_ ~s~ `c` ```block``` > q\n> q\n>>> q\n# h\n- l\n+ l\n1. n\n-# s ||spoiler||',
    '```',
    '`````` ` `` ```',
    '\u202Egnp.exe\u202C \u2066x\u2069 \u200Fr\u200E',
    '\uD800 \uDC00 \uD83D',
    'a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307',
    'x\r\nSet-Cookie: a=b\r\n\r\n\0\u0007\u001B[31mred\u001B[0m',
    '&amp; & &lt; <b>',
    '\\*\\_\\',
    '👩‍👩‍👧‍👦'.repeat(400),
    '&'.repeat(10_000),
    '*'.repeat(10_000),
    'x'.repeat(10_000),
    '\n'.repeat(5_000) + 'end',
    '\u200B\u2060\uFEFF',
  ];
  const text = fc.oneof(
    fc.constantFrom(...hostile),
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.string({ unit: fc.constantFrom(...Array.from('\\*_~`|>#+-[]()<@:&!1.\n\r /https')), maxLength: 60 }),
    fc.array(fc.constantFrom(...hostile), { minLength: 2, maxLength: 6 }).map((parts) => parts.join(' ')),
  );
  const value = fc.oneof(
    { weight: 6, arbitrary: text },
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(text, { maxLength: 3 }),
    fc.dictionary(text, text, { maxKeys: 2 }),
  );
  const event = fc
    .record({
      type: fc.constantFrom(...types),
      name: text,
      id: text,
      account_id: text,
      values: fc.array(value, { minLength: 12, maxLength: 12 }),
      more: fc.dictionary(text, value, { maxKeys: 12 }),
    })
    .map(({ type, name, id, account_id, values, more }) => {
      const sample = sampleEvent(type, { timestamp, data: {} });
      const data = Object.fromEntries(Object.keys(sample.data as object).map((key, at) => [key, values[at]]));
      const whole = type === 'unknown' ? { ...more, ...data } : data;
      return {
        ...sample,
        id: id || 'x',
        account_id,
        data: whole,
        ...(type === 'unknown' && { type: name }),
      } as unknown as WebhookEvent;
    });
  const runs = { numRuns: countFor('PROPERTY_RUNS', { short: 600, long: 3_000 }) };

  it('mentions nobody, forges no link, breaks no layout and exceeds no limit', () => {
    fc.assert(
      fc.property(event, (each) => {
        expect(problemsOf(allOf(each))).toEqual([]);
      }),
      runs,
    );
  });

  it('mentions nobody, forges no link, breaks no layout and exceeds no limit in the result of a format', () => {
    const notice = fc.record({
      title: text,
      text: fc.option(text, { nil: undefined }),
      error: fc.option(text, { nil: undefined }),
      url: fc.option(fc.oneof(text, fc.webUrl({ withQueryParameters: true, withFragments: true })), {
        nil: undefined,
      }),
      fields: fc.array(
        fc.record({ name: text, value: text, url: fc.oneof(text, fc.webUrl()), wide: fc.boolean() }),
        {
          maxLength: 120,
        },
      ),
    });
    fc.assert(
      fc.property(notice, (formatted) => {
        const messages = allOf(sampleEvent('credits.low', at), { 'credits.low': () => formatted });
        expect(problemsOf(messages)).toEqual([]);
      }),
      { numRuns: Math.ceil(runs.numRuns / 6) },
    );
  });

  it('is shown unchanged by Discord, which removes the escapes', () => {
    const plain = fc.string({
      unit: fc.constantFrom(...Array.from('ab\\*_~`|>#+-[]()<@:!1. ')),
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(plain, (site_name) => {
        const words = site_name.trim().replace(/\s+/g, ' ');
        fc.pre(words !== '');
        const [embed] = toDiscordMessage(sampleEvent('site.deleted', { data: { site_name } })).embeds;
        expect(embed.title.replace(/\\([^0-9A-Za-z\s])/g, '$1')).toBe(`Site ${words} was deleted`);
      }),
      runs,
    );
  });
});

describe('a PagerDuty event', () => {
  const site = { site_id: 'site_1', site_name: 'shop' };

  it('opens and closes one incident per site and kind', () => {
    const failed = pagerDuty(sampleEvent('deployment.failed', { data: { ...site, deployment_id: 'a' } }))!;
    const redeployed = pagerDuty(
      sampleEvent('deployment.failed', { data: { ...site, deployment_id: 'b' } }),
    )!;
    const live = pagerDuty(sampleEvent('deployment.completed', { data: site }))!;
    const crash = pagerDuty(sampleEvent('site.status_changed', { data: { ...site, status: 'CRASHED' } }))!;
    const running = pagerDuty(sampleEvent('site.status_changed', { data: { ...site, status: 'RUNNING' } }))!;
    expect([failed, redeployed, live, crash, running].map((event) => event.event_action)).toEqual([
      'trigger',
      'trigger',
      'resolve',
      'trigger',
      'resolve',
    ]);
    expect(redeployed.dedup_key).toBe(failed.dedup_key);
    expect(live.dedup_key).toBe(failed.dedup_key);
    expect(running.dedup_key).toBe(crash.dedup_key);
    expect(crash.dedup_key).not.toBe(failed.dedup_key);
    const other = pagerDuty(sampleEvent('deployment.failed', { data: { ...site, site_id: 'site_2' } }))!;
    expect(other.dedup_key).not.toBe(failed.dedup_key);
    const account = pagerDuty(sampleEvent('deployment.failed', { account_id: 'acc_2', data: site }))!;
    expect(account.dedup_key).not.toBe(failed.dedup_key);
  });

  it.each([
    ['critical', 'critical'],
    ['Fatal', 'critical'],
    ['error', 'error'],
    ['warning', 'warning'],
    ['info', 'info'],
    ['constructor', 'warning'],
    [null, 'warning'],
  ])('has for the alert severity %s the severity %s', (severity, expected) => {
    expect(pagerDuty(sampleEvent('alert.triggered', { data: { severity } }))).toMatchObject({
      payload: { severity: expected },
    });
  });

  it('exists only for incidents and the types of alsoTrigger', () => {
    const sent = types.filter((type) => pagerDuty(sampleEvent(type) as WebhookEvent));
    expect(sent).toEqual([
      'deployment.completed',
      'deployment.failed',
      'site.status_changed',
      'alert.triggered',
    ]);
    expect(
      pagerDuty(sampleEvent('site.status_changed', { data: { status: 'STOPPED', reason: 'stop' } })),
    ).toBeUndefined();
    expect(pagerDuty(sampleEvent('credits.low'), ['credits.low'])).toMatchObject({
      event_action: 'trigger',
      payload: { severity: 'warning', class: 'credits.low', summary: 'Credits are running low' },
    });
  });

  it('distinguishes alerts without an id by their names', () => {
    const key = (alert_name: string) =>
      pagerDuty(sampleEvent('alert.triggered', { data: { alert_id: null as never, alert_name } }))!.dedup_key;
    expect(key('CPU high')).not.toBe(key('Disk full'));
  });

  it('is within 512 KB and keeps all fields of the same name', () => {
    const fields = Array.from({ length: 1_000 }, (_, index) => ({
      name: 'Event',
      value: String(index),
      url: `https://example.com/${index}/${'x'.repeat(1_900)}`,
    }));
    const event = sampleEvent('alert.triggered');
    const body = toPagerDutyEvent(event, { routingKey, format: { 'alert.triggered': () => ({ fields }) } })!;
    expect(pagerDutyProblems(body)).toEqual([]);
    expect(body).toMatchObject({ payload: { custom_details: { Event: '0', 'Event (2)': '1' } } });
    expect(JSON.stringify(body)).toContain(event.id);
  });

  it('distinguishes incidents by the event if a site has no id', () => {
    const without = (id: string) =>
      pagerDuty(sampleEvent('deployment.failed', { id, data: { site_id: null as never } }))!.dedup_key;
    expect(without('evt_1')).not.toBe(without('evt_2'));
    expect(without('evt_1')).toBe(without('evt_1'));
  });
});
