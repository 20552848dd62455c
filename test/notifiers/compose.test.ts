// The options `format` and `links`, and the results of their functions.
import { describe, expect, it, vi } from 'vitest';
import { eventTypes } from '../../src/index.js';
import {
  createSlackNotifier,
  toDiscordMessage,
  type EventLinks,
  type NoticeFormats,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const url = 'https://hooks.slack.com/services/T0/B0/secret1';
const event = sampleEvent('credits.low');
const types = [...eventTypes, 'ping', 'unknown'];

describe('the option format', () => {
  it.each(types)('accepts a function for %s', (type) => {
    const format = { [type]: () => ({}) };
    expect(createSlackNotifier({ url, format })).toBeTypeOf('function');
  });

  it('accepts undefined for a type', () => {
    expect(createSlackNotifier({ url, format: { ping: undefined } })).toBeTypeOf('function');
    expect(toDiscordMessage(event, { format: { 'credits.low': undefined } })).toEqual(
      toDiscordMessage(event),
    );
  });

  it.each<[unknown, string]>([
    [{ 'a"b': () => ({}) }, `format has no event type "a\\"b". Known: ${types.join(', ')}.`],
    [{ ping: {} }, 'The format for ping must be a function that returns the parts to replace.'],
    [{ ping: null }, 'The format for ping must be a function that returns the parts to replace.'],
  ])('rejects %j with a TypeError', (format, message) => {
    expect(() => createSlackNotifier({ url, format: format as NoticeFormats })).toThrow(
      new TypeError(message),
    );
  });

  it.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'undefined'],
    ['text', 'string'],
    [7, 'number'],
  ])('rejects the result %j with a TypeError', (result, kind) => {
    const format = { 'credits.low': () => result as never };
    expect(() => toDiscordMessage(event, { format })).toThrow(
      new TypeError(`The format for credits.low must return an object, not ${kind}.`),
    );
  });

  it('replaces each part of the notice, and keeps the others', () => {
    const format: NoticeFormats = {
      'credits.low': (given, notice) => ({ title: `${given.id}: ${notice.title}`, text: undefined }),
    };
    const { title, description, fields } = toDiscordMessage(sampleEvent('credits.low', { id: '7' }), {
      format,
    }).embeds[0];
    expect(title).toBe('7\\: Credits are running low');
    expect({ description, fields }).toEqual({
      description: toDiscordMessage(event).embeds[0].description,
      fields: toDiscordMessage(event).embeds[0].fields,
    });
  });

  it('for one type leaves the others', () => {
    const format = { 'site.created': () => ({ title: 'Other' }) };
    expect(toDiscordMessage(event, { format })).toEqual(toDiscordMessage(event));
  });

  it('receives the links of the event', () => {
    const links = { logs: 'https://logs.example.com/1' };
    const format = vi.fn(() => ({}));
    toDiscordMessage(event, { links: () => links, format: { 'credits.low': format } });
    expect(format).toHaveBeenCalledExactlyOnceWith(event, expect.objectContaining({ links }));
    toDiscordMessage(event, { links: () => undefined, format: { 'credits.low': format } });
    expect(format).toHaveBeenLastCalledWith(event, expect.not.objectContaining({ links }));
  });
});

describe('the option links', () => {
  it('accepts a function', () => {
    expect(createSlackNotifier({ url, links: () => undefined })).toBeTypeOf('function');
  });

  it.each([null, 'https://logs.example.com', { logs: 'x' }])('rejects %j with a TypeError', (links) => {
    expect(() => createSlackNotifier({ url, links: links as never })).toThrow(
      new TypeError('links must be a function that returns { logs, dashboard } for an event.'),
    );
  });

  it.each<[unknown, string]>([
    [null, 'links must return an object, not null.'],
    ['text', 'links must return an object, not string.'],
    [{ logs: 'x', 'a"b': 'x' }, 'links returned "a\\"b". Expected: logs, dashboard.'],
  ])('rejects the result %j with a TypeError', (result, message) => {
    expect(() => toDiscordMessage(event, { links: () => result as never })).toThrow(new TypeError(message));
  });

  it('ignores a name whose value is undefined', () => {
    const links: EventLinks = () => ({ log: undefined }) as never;
    expect(toDiscordMessage(event, { links })).toEqual(toDiscordMessage(event));
  });
});

describe('an asynchronous function', () => {
  it.each<[string, (result: Promise<never>) => () => unknown]>([
    [
      'The format for credits.low',
      (result) => () => toDiscordMessage(event, { format: { 'credits.low': () => result as never } }),
    ],
    ['links', (result) => () => toDiscordMessage(event, { links: () => result as never })],
  ])('for %s is rejected with a TypeError, and its own rejection is handled', async (source, composing) => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    expect(composing(Promise.reject(new Error('late')))).toThrow(
      new TypeError(`${source} is asynchronous. Return the values themselves.`),
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
