// Runs the examples as users do: each as a process, on the built package.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Queue } from 'bullmq';
import { describe, expect, it, vi } from 'vitest';
import { startFakeProvider } from '../../examples/fake-provider.js';
import { providerEnv, startExample } from '../../examples/start.js';
import worker from '../../examples/workers/worker.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';
import { hasRedis, redisUrl } from '../support/services.js';

const secret = 'whsec_examples';

describe.each([
  ['express/server.ts', '/webhooks/hostwares', 'deployment.completed', /shop is live after 42\.5 s/],
  ['hono/server.ts', '/webhooks/hostwares', 'deployment.failed', /shop: FAILED/],
  ['hono/server.ts', '/webhooks/log', 'ping', /webhook_id/],
  ['node/server.ts', '/webhooks/hostwares', 'site.status_changed', /shop: RUNNING → CRASHED/],
])('examples/%s %s', (file, path, event, logged) => {
  it('handles a genuine event and rejects a forged one', async () => {
    const example = await startExample(file, secret);
    try {
      const url = example.url + path;
      const response = await fetch(await createSignedRequest(event, { secret, url }));
      expect(response.ok).toBe(true);
      await vi.waitFor(() => expect(example.log.join('\n')).toMatch(logged));
      expect((await fetch(await createSignedRequest(event, { secret: 'other', url }))).status).toBe(401);
    } finally {
      await example.stop();
    }
  });

  it('does not start without a secret', async () => {
    await expect(startExample(file, '')).rejects.toThrow(/secret is missing or blank/);
  });
});

it('examples/workers reads the secret from its bindings, handles a genuine event and rejects a forged one', async () => {
  const ctx = { waitUntil: vi.fn() };
  const url = 'https://example.com/webhooks/hostwares';
  const post = async (signedWith: string, env: object, to = url) =>
    (
      await worker.fetch(
        await createSignedRequest('alert.triggered', { secret: signedWith, url: to }),
        env as never,
        ctx,
      )
    ).status;
  expect(await post(secret, { HOSTWARES_WEBHOOK_SECRET: secret })).toBe(200);
  expect(ctx.waitUntil).toHaveBeenCalledOnce();
  expect(await post('other', { HOSTWARES_WEBHOOK_SECRET: secret })).toBe(401);
  expect(await post(secret, {})).toBe(500);
  expect(await post(secret, { HOSTWARES_WEBHOOK_SECRET: secret }, 'https://example.com/')).toBe(404);
});

describe.each([
  ['slack-forwarder', 'ping', /Webhook connected/, '/services/T00000000/'],
  ['discord-forwarder', 'deployment.failed', /🔥 shop did not deploy/, '/api/v10/webhooks/'],
  ['pagerduty', 'credits.low', /Credits are running low/, '/v2/enqueue'],
])('examples/%s', (name, event, posted, path) => {
  it('forwards genuine events only, in under 40 lines', async () => {
    const provider = await startFakeProvider();
    const example = await startExample(`${name}/server.ts`, secret, provider.origin);
    try {
      const url = `${example.url}/webhooks/hostwares`;
      const send = async (...request: Parameters<typeof createSignedRequest>) =>
        (await fetch(await createSignedRequest(...request))).status;
      expect(await send(event, { secret, url })).toBe(200);
      expect(await send(event, { secret: 'other', url })).toBe(401);
      expect(provider.posts).toHaveLength(1);
      expect(provider.posts[0]!.path).toContain(path);
      expect(JSON.stringify(provider.posts[0]!.body)).toMatch(posted);
      expect(example.log.join('\n')).not.toMatch(new RegExp(Object.values(providerEnv).join('|')));
    } finally {
      await example.stop();
      await provider.stop();
    }
    const lines = readFileSync(new URL(`../../examples/${name}/server.ts`, import.meta.url), 'utf8').split(
      '\n',
    );
    expect(lines.length).toBeLessThan(40);
  });
});

it('examples/demo-notify.ts posts 14 messages to Slack, 14 to Discord and 4 to PagerDuty', async () => {
  const demo = fileURLToPath(new URL('../../examples/demo-notify.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [demo]);
  expect(stdout).toMatch(/^14 to Slack, 14 to Discord, 4 to PagerDuty: all right\.$/m);
});

it('examples/demo.ts gets 33 correct results and exits with code 0', async () => {
  const demo = fileURLToPath(new URL('../../examples/demo.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [demo]);
  expect(stdout).toMatch(/^33 of 33 were right\.$/m);
  expect(stdout).not.toMatch(/WRONG/);
});

it('examples/sender serves the API, delivers, and keeps its endpoints after SIGKILL', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostwares-example-'));
  const receiver = await startExample('express/server.ts', secret);
  const env = {
    API_KEY: 'key_of_the_example',
    DATABASE: join(folder, 'a.db'),
    ALLOW_PRIVATE_NETWORK: 'true',
  };
  const call = async (base: string, path: string, body?: object) => {
    const response = await fetch(`${base}/api/webhooks${path}`, {
      headers: { authorization: `Bearer ${env.API_KEY}`, 'content-type': 'application/json' },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };
  try {
    const first = await startExample('sender/server.ts', '', undefined, env);
    const url = `${receiver.url}/webhooks/hostwares`;
    const { status, json } = await call(first.url, '', {
      url,
      events: ['*'],
      secret: 'whsec_of_another_endpoint',
    });
    expect([status, json.ping]).toMatchObject([201, { ok: false, status: 401 }]);
    expect((await call(first.url, `/${String(json.id)}/rotate`, { secret })).status).toBe(422);
    await first.stop('SIGKILL');
    const second = await startExample('sender/server.ts', '', undefined, env);
    expect((await call(second.url, '')).json.data).toMatchObject([{ id: json.id, url, status: 'enabled' }]);
    await second.stop();
  } finally {
    await receiver.stop();
    rmSync(folder, { recursive: true });
  }
});

// The examples take their Redis from the same variable.
const isThere = await hasRedis();

it.skipIf(!isThere)('examples/redis-dedupe handles an event once across two processes', async () => {
  const both = await Promise.all([
    startExample('redis-dedupe/server.ts', secret),
    startExample('redis-dedupe/server.ts', secret),
  ]);
  try {
    const event = sampleEvent('credits.low');
    const statuses: number[] = [];
    for (const { url } of [...both, ...both])
      statuses.push((await fetch(await createSignedRequest(event, { secret, url }))).status);
    expect(statuses).toEqual([200, 200, 200, 200]);
    const log = () => both.flatMap((each) => each.log).join('\n');
    await vi.waitFor(() => expect(log().match(/duplicate, already handled/g)).toHaveLength(3));
    expect(log().match(/charging for/g)).toHaveLength(1);
  } finally {
    await Promise.all(both.map((each) => each.stop()));
  }
});

it.skipIf(!isThere)(
  'examples/bullmq answers once the event is queued, and handles it in another process',
  async () => {
    const env = { QUEUE: `examples-${crypto.randomUUID()}`, READING_MS: '300' };
    const server = await startExample('bullmq/server.ts', secret, undefined, env);
    const post = async (event: Parameters<typeof createSignedRequest>[0], signedWith = secret) =>
      (await fetch(await createSignedRequest(event, { secret: signedWith, url: server.url }))).status;
    const event = sampleEvent('deployment.failed');
    const workers: Awaited<ReturnType<typeof startExample>>[] = [];
    const log = () => workers.flatMap((each) => each.log).join('\n');
    try {
      // No worker runs yet.
      expect([await post(event), await post(event), await post('ping')]).toEqual([200, 200, 200]);
      expect(await post(event, 'other')).toBe(401);
      for (let each = 0; each < 2; each += 1)
        workers.push(await startExample('bullmq/worker.ts', secret, undefined, env));
      await vi.waitFor(() => expect(log()).toContain(`done with ${event.id}`), 10_000);
      expect(log().match(/reading the logs of shop/g)).toHaveLength(1);

      // A worker that is stopped first finishes its job.
      const last = sampleEvent('deployment.failed', { id: 'evt_last' });
      expect(await post(last)).toBe(200);
      await vi.waitFor(() => expect(log()).toContain('(evt_last)'), 10_000);
      await Promise.all(workers.map((each) => each.stop()));
      expect(log()).toContain('done with evt_last');
      expect(server.log.join('\n')).not.toContain('reading the logs');
    } finally {
      await Promise.all([server, ...workers].map((each) => each.stop('SIGKILL')));
      const queue = new Queue(env.QUEUE, { connection: { url: redisUrl } });
      await queue.obliterate({ force: true });
      await queue.close();
    }
  },
);
