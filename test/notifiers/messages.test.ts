import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventTypes, type WebhookEvent } from '../../src/index.js';
import {
  toDiscordMessage,
  toPagerDutyEvent,
  toSlackMessage,
  type NoticeFormats,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';
import { discordProblems, pagerDutyProblems, slackProblems } from './limits.js';

const routingKey = 'r0000000000000000000000000000000';
const types = [...eventTypes, 'ping', 'unknown'] as const;
const timestamp = '2026-01-31T08:00:00.000Z';
const at = { id: 'evt_1', timestamp };

const pagerDuty = (event: WebhookEvent, alsoTrigger: readonly (typeof types)[number][] = []) =>
  toPagerDutyEvent(event, { routingKey, alsoTrigger });

/** The three messages of an event, with an incident made of every type. */
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

describe.each(types)('%s', (type) => {
  const event = sampleEvent(type, at) as WebhookEvent;

  it('keeps the limits and has no markup but its own', () => {
    expect(problemsOf(allOf(event))).toEqual([]);
  });

  it('says something with nothing but nulls in data, and never undefined, null or NaN', () => {
    const nothing = Object.fromEntries(Object.keys(event.data as object).map((key) => [key, null]));
    for (const data of [nothing, {}]) {
      const messages = allOf({ ...event, data } as unknown as WebhookEvent);
      expect(problemsOf(messages)).toEqual([]);
      expect(JSON.stringify(messages)).not.toMatch(/undefined|null|NaN|\[object/);
    }
  });

  it('has the time of the event', () => {
    const messages = allOf(event);
    expect(JSON.stringify(messages.slack)).toContain(`<!date^${Date.parse(timestamp) / 1000}^`);
    expect(messages.discord.embeds[0].timestamp).toBe(timestamp);
    if (messages.pagerDuty.event_action === 'trigger') {
      expect(messages.pagerDuty.payload.timestamp).toBe(timestamp);
    }
  });
});

describe('what is shown', () => {
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

  it('is red, with the error as it was printed, for a failed one', () => {
    const [embed] = toDiscordMessage(sampleEvent('deployment.failed', at)).embeds;
    expect(embed.color).toBe(0xef4444);
    expect(embed.description).toBe('The build failed.\n```\nnpm run build exited with code 1\n```');
  });

  it('is N/A where a deployment has no commit, and no domain where there is none', () => {
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
  ])('a duration of %s s is %s', (duration_seconds, words) => {
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
  ])('status %s, reason %s: %s', (status, reason, title, color) => {
    const event = sampleEvent('site.status_changed', { data: { status, reason: reason ?? null } });
    expect(toDiscordMessage(event).embeds[0]).toMatchObject({ title, color });
  });

  it.each([
    [0.0042, '0.0042'],
    [93.14159, '93.14'],
    [1e307, '1e\\+307'],
    [90, '90'],
  ])('the value %s of an alert is %s', (value, words) => {
    expect(fieldsOf(sampleEvent('alert.triggered', { data: { value, metric: null } }))).toMatchObject({
      Value: words,
    });
  });

  it('shows a repository as it is written', () => {
    const data = { repository: 'https://git.example.com/acme/my_shop' };
    const incident = JSON.stringify(pagerDuty(sampleEvent('site.created', { data }), ['site.created']));
    expect(incident).toContain('"Repository":"git.example.com/acme/my_shop"');
    expect(
      JSON.stringify(
        allOf(sampleEvent('site.created', { data: { repository: 'git@host:acme/shop' } })).slack,
      ),
    ).toContain('git@host:acme/shop');
  });

  it('shows no remains of coloured output, no emoji codes, and no name that looks like nothing', () => {
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

  it('links without the user and password that a format’s address has', () => {
    const url = 'https://user:hunter2@wiki.example.com/runbook';
    const format = { 'credits.low': () => ({ url, fields: [{ name: 'Runbook', value: 'Read', url }] }) };
    const messages = JSON.stringify(allOf(sampleEvent('credits.low'), format));
    expect(messages).toContain('https://wiki.example.com/runbook');
    expect(messages).not.toMatch(/hunter2|user/);
  });

  it('takes a format’s undefined for nothing said', () => {
    const format = {
      'credits.low': () => ({ title: undefined, fields: undefined, tone: undefined }) as never,
    };
    const event = sampleEvent('credits.low', at);
    expect(toSlackMessage(event, { format })).toEqual(toSlackMessage(event));
  });

  it('stays quick on ten thousand characters', () => {
    const letters = Array.from({ length: 9_900 }, (_, index) => String.fromCharCode(0x4e00 + index)).join('');
    const begun = performance.now();
    allOf(sampleEvent('domain.configured', { data: { domain: letters } }));
    expect(performance.now() - begun).toBeLessThan(100);
  });

  it('shows no user or password of a repository', () => {
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

  it('links to no host name that is none', () => {
    for (const domain of [
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

  it('shows what an unknown event has, as far as it can be shown', () => {
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
  const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 3000) };

  it('can ping nobody, forge no link, break no layout and exceed no limit', () => {
    fc.assert(
      fc.property(event, (each) => {
        expect(problemsOf(allOf(each))).toEqual([]);
      }),
      runs,
    );
  });

  it('nor in what a format returns', () => {
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

  it('is shown as it is written: what Discord unescapes is the text', () => {
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

describe('PagerDuty', () => {
  const site = { site_id: 'site_1', site_name: 'shop' };

  it('opens one incident per site and kind, and closes the same', () => {
    const failed = pagerDuty(sampleEvent('deployment.failed', { data: { ...site, deployment_id: 'a' } }))!;
    const again = pagerDuty(sampleEvent('deployment.failed', { data: { ...site, deployment_id: 'b' } }))!;
    const live = pagerDuty(sampleEvent('deployment.completed', { data: site }))!;
    const crash = pagerDuty(sampleEvent('site.status_changed', { data: { ...site, status: 'CRASHED' } }))!;
    const running = pagerDuty(sampleEvent('site.status_changed', { data: { ...site, status: 'RUNNING' } }))!;
    expect([failed, again, live, crash, running].map((event) => event.event_action)).toEqual([
      'trigger',
      'trigger',
      'resolve',
      'trigger',
      'resolve',
    ]);
    expect(again.dedup_key).toBe(failed.dedup_key);
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
  ])('severity %s is %s', (severity, expected) => {
    expect(pagerDuty(sampleEvent('alert.triggered', { data: { severity } }))).toMatchObject({
      payload: { severity: expected },
    });
  });

  it('sends only incidents, unless asked for more', () => {
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

  it('keeps alerts without an id apart by their names', () => {
    const key = (alert_name: string) =>
      pagerDuty(sampleEvent('alert.triggered', { data: { alert_id: null as never, alert_name } }))!.dedup_key;
    expect(key('CPU high')).not.toBe(key('Disk full'));
  });

  it('keeps within 512 KB and keeps fields of one name apart', () => {
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

  it('keeps incidents apart where a site has no id', () => {
    const without = (id: string) =>
      pagerDuty(sampleEvent('deployment.failed', { id, data: { site_id: null as never } }))!.dedup_key;
    expect(without('evt_1')).not.toBe(without('evt_2'));
    expect(without('evt_1')).toBe(without('evt_1'));
  });
});
