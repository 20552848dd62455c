// The URLs and keys that a set-up accepts, and their secret parts, which no error shows.
import { describe, expect, it } from 'vitest';
import type { WebhookError } from '../../src/index.js';
import {
  createDiscordNotifier,
  createPagerDutyNotifier,
  createSlackNotifier,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const routingKey = 'secretkey00000000000000000000001';
const event = sampleEvent('deployment.failed');

describe('the URL of a Slack notifier', () => {
  const path = '/services/T0/B0/x1';

  it.each<[unknown, string]>([
    [undefined, 'is missing or blank'],
    [7, 'is missing or blank'],
    ['  ', 'is missing or blank'],
    [`https://hooks.slack.com${path}\n`, 'is not a URL'],
    [`http://127.0.0.1${path}`, 'must begin with https:'],
    [`https://name@hooks.slack.com${path}`, 'must not contain a user name or password'],
    [`https://:word@hooks.slack.com${path}`, 'must not contain a user name or password'],
    [`https://evil.example/?https://hooks.slack.com${path}`, 'has another host'],
    [`https://hooks.slack.com/x${path}`, 'has another path'],
    [`https://hooks.slack.com${path}/x`, 'has another path'],
    ['https://hooks.slack.com/services/T0/B0', 'has another path'],
    ['https://hooks.slack.com/services/T-0/B0/x1', 'has another path'],
    ['https://hooks.slack.com/services/T0/B-0/x1', 'has another path'],
    ['https://hooks.slack.com/services/T0/B0/x-1', 'has another path'],
  ])('is rejected if it is %j, because it %s', (url, problem) => {
    const create = () => createSlackNotifier({ url: url as string });
    expect(create).toThrow(TypeError);
    expect(create).toThrow(`The Slack URL ${problem}`);
    expect(create).toThrow('Expected https://hooks.slack.com/services/…; is its environment variable set?');
  });

  it.each([
    'https://proxy.example/x',
    'https://127.0.0.1.evil.example/x',
    'http://localhost:3000/x',
    'http://127.0.0.1/x',
    'http://127.10.200.30/x',
    'http://[::1]:3000/x',
  ])('may be %s with allowAnyHost', (url) => {
    expect(createSlackNotifier({ url, allowAnyHost: true })).toBeTypeOf('function');
  });

  it.each([
    ['http://proxy.example/x', 'must begin with https:'],
    ['http://localhost.evil.example/x', 'must begin with https:'],
    ['http://evil-localhost/x', 'must begin with https:'],
    ['http://127.0.0.1.evil.example/x', 'must begin with https:'],
    ['http://x127.0.0.1.example/x', 'must begin with https:'],
    ['ftp://localhost/x', 'must begin with https:'],
    ['https://name@proxy.example/x', 'must not contain a user name or password'],
  ])('must not be %s, even with allowAnyHost, because it %s', (url, problem) => {
    expect(() => createSlackNotifier({ url, allowAnyHost: true })).toThrow(`The Slack URL ${problem}`);
  });
});

describe('the URL of a Discord notifier', () => {
  it.each([
    'https://discord.com/api/webhooks/123/a-b_c',
    'https://discordapp.com/api/webhooks/123/abc',
    'https://ptb.discord.com/api/v9/webhooks/123/abc',
    'https://canary.discord.com/api/v10/webhooks/123/abc?thread_id=4',
  ])('may be %s', (url) => {
    expect(createDiscordNotifier({ url })).toBeTypeOf('function');
  });

  it.each([
    '/x/api/webhooks/123/abc',
    '/api/webhooks/123/abc/x',
    '/api/webhooks/12x/abc',
    '/api/webhooks//abc',
    '/api/webhooks/123/',
    '/api/webhooks/123/a%20b',
    '/api/v/webhooks/123/abc',
    '/api/vx/webhooks/123/abc',
  ])('must not have the path %s', (path) => {
    const create = () => createDiscordNotifier({ url: `https://discord.com${path}` });
    expect(create).toThrow('The Discord URL has another path. Expected https://discord.com/api/webhooks/…');
  });
});

describe('the thread of a Discord notifier', () => {
  const url = 'https://discord.com/api/webhooks/1/abc';

  it.each([{ threadName: 'x'.repeat(100) }, { threadId: '1' }, { threadId: '12345678901234567890' }])(
    'may be %o',
    (options) => {
      expect(createDiscordNotifier({ url, ...options })).toBeTypeOf('function');
    },
  );

  it.each([
    { threadName: 'x'.repeat(101) },
    { threadName: ' x' },
    { threadId: '123456789012345678901' },
    { threadId: 'a1' },
    { threadId: '1a' },
    { threadId: '1\n' },
  ])('must not be %o', (options) => {
    expect(() => createDiscordNotifier({ url, ...options })).toThrow(TypeError);
  });
});

describe('the URL and the key of a PagerDuty notifier', () => {
  it.each(['https://events.pagerduty.com/v2/enqueue', 'https://events.eu.pagerduty.com/v2/enqueue'])(
    'may be %s and 32 letters and digits',
    (url) => {
      for (const key of [routingKey, routingKey.toUpperCase()])
        expect(createPagerDutyNotifier({ routingKey: key, url })).toBeTypeOf('function');
    },
  );

  it.each(['/v2/enqueue/x', '/x/v2/enqueue', '/v2'])('must not have the path %s', (path) => {
    const create = () => createPagerDutyNotifier({ routingKey, url: `https://events.pagerduty.com${path}` });
    expect(create).toThrow(
      'The PagerDuty URL has another path. Expected https://events.pagerduty.com/v2/enqueue',
    );
  });

  it.each<[unknown]>([
    [undefined],
    [7],
    [[routingKey]],
    [''],
    [`${routingKey}0`],
    [`x\n${routingKey}`],
    [routingKey.replace('0', '-')],
  ])('must not be the key %j', (key) => {
    const create = () => createPagerDutyNotifier({ routingKey: key as string });
    expect(create).toThrow(TypeError);
    expect(create).toThrow(/routing key is missing or malformed.*environment variable/);
  });
});

describe('the response of a provider in an error', () => {
  const failWith = async (notify: ReturnType<typeof createSlackNotifier>) => {
    const error = await notify(event).then(
      () => undefined,
      (reason: unknown) => reason as WebhookError,
    );
    return error!.message.replace(/^.*?: 404: /, '');
  };
  const respond = (body: string) => async () => new Response(body, { status: 404 });
  const discord = '/api/webhooks/123456/abcdefgh';

  it.each([
    ['the whole path', discord, discord, '…'],
    ['a path with short parts and its query', '/x?t=abc', 'at /x?t=abc', 'at …'],
    ['a part of the path', '/tenants/SecretPath', 'SecretPath', '…'],
    ['a part that is not valid percent-encoding', '/hook/%zzsecret', '%zzsecret', '…'],
    ['such a part, encoded', '/hook?t=%zzsecret', '%25zzsecret', '…'],
    ['a value of five characters', '/hook?t=abcde', 'abcde', '…'],
    ['a value, but not its name', '/hook?thread_id=7788990011', 'thread_id=7788990011', 'thread_id=…'],
    ['each of several values', '/hook?a=first1&b=second2', 'first1 second2', '… …'],
    ['a value before a longer one that begins with it', '/hook?a=abcde&b=abcdefgh', 'abcdefgh', '…'],
    ['a parameter without a name', '/hook?SuperSecret', '?SuperSecret', '?…'],
    ['a part of a value', '/hook?next=/alpha12/beta345', 'beta345', '…'],
    ['the fragment', '/hook#SecretFragment', '#SecretFragment', '#…'],
  ])('does not contain %s', async (_, path, body, shown) => {
    const url = `https://proxy.example${path}`;
    const notify = createDiscordNotifier({ url, allowAnyHost: true, fetch: respond(body) });
    expect(await failWith(notify)).toBe(`${shown}.`);
  });

  it.each([
    ['a value of four characters', '/hook?t=abcd', 'abcd'],
    ['words of the path', '/api/v10/webhooks/1/abcdefgh', 'the api v10 of webhooks'],
    ['words that contain those of the path', '/api/webhooks/1/abcdefgh', 'xapi apix webhooksx v10x'],
  ])('keeps %s', async (_, path, body) => {
    const url = `https://proxy.example${path}`;
    const notify = createDiscordNotifier({ url, allowAnyHost: true, fetch: respond(body) });
    expect(await failWith(notify)).toBe(`${body}.`);
  });

  it('does not contain a segment that begins or ends with a word of the fixed path', async () => {
    const url = 'https://proxy.example/apisecret/secretapi/v10secret/xv10/webhooksx';
    const notify = createDiscordNotifier({
      url,
      allowAnyHost: true,
      fetch: respond('apisecret secretapi v10secret webhooksx'),
    });
    expect(await failWith(notify)).toBe('… … … ….');
  });

  it('does not contain the PagerDuty key', async () => {
    const notify = createPagerDutyNotifier({ routingKey, fetch: respond(`invalid key ${routingKey}`) });
    expect(await failWith(notify)).toBe('invalid key ….');
  });
});
