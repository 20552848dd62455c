// Handlers that are registered after the first request: a mistake in production, a hot reload in development.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createReceiver } from '../../src/index.js';
import { createSignedRequest } from '../../src/testing/index.js';

const secret = 'whsec_of_the_reload_test';

function setUp() {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const ran: string[] = [];
  const receiver = createReceiver({ secret, logger: { warn: write, error: write } });
  const send = async (type: 'ping' | 'site.created' = 'site.created') => {
    ran.length = 0;
    const { status } = await receiver.handle(await createSignedRequest(type, { secret }));
    return [status, ...ran];
  };
  const handler = (name: string) => () => void ran.push(name);
  return { lines, receiver, send, handler };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('in development, a handler registered after the first request', () => {
  it('replaces the handler of the same types in its position, and warns', async () => {
    const { lines, receiver, send, handler } = setUp();
    receiver.on('site.created', handler('old')).onAny(handler('any'));
    expect(await send()).toEqual([200, 'old', 'any']);
    receiver.on('site.created', handler('new'));
    expect(await send()).toEqual([200, 'new', 'any']);
    receiver.on('site.created', handler('newest'));
    expect(await send()).toEqual([200, 'newest', 'any']);
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    expect(lines[0]).toMatch(
      /site\.created was registered after the first request and replaced .+ export handlers/,
    );
  });

  it('replaces each of several that a reloaded module registers', async () => {
    const { receiver, send, handler } = setUp();
    const load = (version: string) => {
      receiver
        .on('site.created', handler(`one ${version}`))
        .on(['site.created', 'ping'], handler(`list ${version}`));
      receiver.onAny(handler(`any ${version}`)).onUnknown(handler('never'));
    };
    load('v1');
    expect(await send()).toEqual([200, 'one v1', 'list v1', 'any v1']);
    load('v2');
    expect(await send()).toEqual([200, 'one v2', 'list v2', 'any v2']);
    expect(await send('ping')).toEqual([200, 'list v2', 'any v2']);
  });

  it('replaces several handlers of the same types in order, if as many are registered', async () => {
    const { receiver, send, handler } = setUp();
    receiver.onAny(handler('first')).on('site.created', handler('between')).onAny(handler('second'));
    await send();
    receiver.onAny(handler('new first')).onAny(handler('new second'));
    expect(await send()).toEqual([200, 'new first', 'between', 'new second']);
  });

  it('is added with a warning if the number of handlers of the same types differs', async () => {
    const { lines, receiver, send, handler } = setUp();
    receiver.onAny(handler('first')).onAny(handler('second'));
    await send();
    receiver.onAny(handler('third'));
    expect(await send()).toEqual([200, 'first', 'second', 'third']);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]).toMatch(/all events was registered .+ in addition to .+ restart the server/);
  });

  it('is added if no handler was registered for its types', async () => {
    const { lines, receiver, send, handler } = setUp();
    await send();
    receiver.on('site.created', handler('new'));
    expect(await send()).toEqual([200, 'new']);
    await vi.waitFor(() => expect(lines.at(-1)).toMatch(/in addition to/));
  });

  it('replaces an onError handler too', async () => {
    const { receiver, send } = setUp();
    const told: string[] = [];
    receiver.onAny(() => Promise.reject(new Error('x'))).onError(() => told.push('old'));
    await send();
    receiver.onError(() => told.push('new'));
    await send();
    expect(told).toEqual(['old', 'new']);
  });
});

it('a handler registered after the first request is a TypeError in production, without NODE_ENV and without process', async () => {
  const { receiver, send, handler } = setUp();
  await send();
  for (const value of ['production', undefined]) {
    vi.stubEnv('NODE_ENV', value);
    expect(() => receiver.onAny(handler('late'))).toThrow(/before the first request/);
  }
  vi.unstubAllEnvs();
  vi.stubGlobal('process', undefined);
  try {
    expect(() => receiver.onAny(handler('late'))).toThrow(/before the first request/);
  } finally {
    vi.unstubAllGlobals();
  }
});
