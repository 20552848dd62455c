// Calls the handlers as Next does: with a web Request, for a Response. The real Next is tested in test/runtimes.
import { describe, expect, it, vi } from 'vitest';
import { createNextHandler, withWebhook } from '../../adapters/next.js';
import { createReceiver } from '../../src/index.js';
import { createSignedRequest } from '../../src/testing/index.js';

const secret = 'whsec_next';

describe('createNextHandler', () => {
  it('verifies, runs the handlers and responds', async () => {
    const handler = vi.fn();
    const POST = createNextHandler(
      createReceiver({ secret }).on('credits.low', (event) => handler(event.data.balance)),
    );
    expect((await POST(await createSignedRequest('credits.low', { secret }))).status).toBe(200);
    expect(handler).toHaveBeenCalledOnce();
    expect((await POST(await createSignedRequest('ping', { secret: 'other' }))).status).toBe(401);
  });

  it('passes the running handlers to `after` with acknowledge: early', async () => {
    const tasks: Promise<unknown>[] = [];
    const handled = vi.fn();
    let end: () => void = () => undefined;
    const receiver = createReceiver({ secret, acknowledge: 'early' }).onAny(() =>
      new Promise<void>((resolve) => (end = resolve)).then(handled),
    );
    const POST = createNextHandler(receiver, { after: (task) => void tasks.push(task) });
    expect((await POST(await createSignedRequest('ping', { secret }))).status).toBe(200);
    expect(handled).not.toHaveBeenCalled();
    end();
    await Promise.all(tasks);
    expect(handled).toHaveBeenCalledOnce();
  });

  it('reads the secret per request, so that a build without it succeeds', async () => {
    const POST = createNextHandler(createReceiver({ secret: () => process.env.NEXT_TEST_SECRET }));
    expect((await POST(await createSignedRequest('ping', { secret }))).status).toBe(500);
    vi.stubEnv('NEXT_TEST_SECRET', secret);
    expect((await POST(await createSignedRequest('ping', { secret }))).status).toBe(200);
    vi.unstubAllEnvs();
  });
});

describe('withWebhook', () => {
  it('calls the handler with event, request and context, and returns its response', async () => {
    const seen = vi.fn();
    const POST = withWebhook({ secret }, (event, request, context: { params: Promise<{ team: string }> }) => {
      seen(event.event, request.url, context);
      return new Response(null, { status: 204 });
    });
    const context = { params: Promise.resolve({ team: 'a' }) };
    const request = await createSignedRequest('ping', { secret, url: 'http://localhost/team/a' });
    expect((await POST(request, context)).status).toBe(204);
    expect(seen).toHaveBeenCalledWith('ping', 'http://localhost/team/a', context);
  });

  it('returns 401 for an unsigned request, without calling the handler', async () => {
    const handler = vi.fn();
    const POST = withWebhook({ secret }, handler);
    const response = await POST(new Request('http://localhost/', { method: 'POST', body: '{}' }), undefined);
    expect([response.status, await response.json()]).toEqual([401, { error: 'missing_signature' }]);
    expect(handler).not.toHaveBeenCalled();
  });

  it("passes the handler's errors to Next", async () => {
    const POST = withWebhook({ secret }, () => Promise.reject(new Error('mine')));
    await expect(POST(await createSignedRequest('ping', { secret }), undefined)).rejects.toThrow('mine');
  });
});

it('createNextHandler and withWebhook reject the request of the Pages Router', async () => {
  const request = { method: 'POST', headers: {}, query: {}, previewData: false, on: () => 0 } as never;
  const seen = vi.fn(() => new Response());
  await expect(createNextHandler(createReceiver({ secret }))(request)).rejects.toThrow(
    /Pages Router.*bodyParser: false/,
  );
  await expect(withWebhook({ secret }, seen)(request, undefined)).rejects.toThrow(TypeError);
  expect(seen).not.toHaveBeenCalled();
});
