// E-mails about disabled endpoints and held events, over SMTP.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEndpointDisabledMailer, createHeldExpiringMailer } from '../../../src/sender/email/index.js';
import { createMemoryStore, createSender } from '../../../src/sender/index.js';
import { createVirtualClock, sampleEvent } from '../../../src/testing/index.js';
import { sleep } from '../../support/sleep.js';

interface Mail {
  from: string;
  to: string[];
  text: string;
}

let server: SMTPServer;
let smtp: string;
let mails: Mail[];
let isRejecting = false;

beforeEach(async () => {
  mails = [];
  isRejecting = false;
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (isRejecting) {
          callback(new Error('no room'));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          // Decodes folded headers and the part of quoted-printable that these e-mails use.
          text: Buffer.concat(chunks)
            .toString()
            .replace(/:\r\n /g, ': ')
            .replace(/=\r\n/g, '')
            .replace(/(?:=[0-9A-F]{2})+/g, (codes) =>
              Buffer.from(codes.replaceAll('=', ''), 'hex').toString(),
            ),
        });
        callback();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  smtp = `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await new Promise<void>((resolve) => {
    server.close(resolve);
  });
});

const from = 'Hostwares <no-reply@hostwares.example>';
const endpoint = {
  id: 'wh_1',
  accountId: 'acc_1',
  url: 'https://shop.example/hooks?a=<1>&b="2"',
  disabledReason: 'failures',
  disabledAtMs: Date.UTC(2026, 0, 31, 10, 36, 10),
  failingSinceMs: Date.UTC(2026, 0, 31, 8),
  lastError: 'HTTP 500',
};

describe('createEndpointDisabledMailer', () => {
  it('sends one e-mail when all attempts of two events have failed', async () => {
    const startedMs = performance.now();
    const clock = createVirtualClock();
    const times: number[] = [];
    const sender = createSender({
      store: createMemoryStore(),
      clock,
      transport: {
        async send({ body }) {
          const isPing = new TextDecoder().decode(body).includes('"event":"ping"');
          if (!isPing) times.push((clock.now() - Date.UTC(2026, 0, 31, 8)) / 1000);
          return { status: isPing ? 200 : 503, timings: { totalMs: 0 } };
        },
        close: async () => undefined,
      },
      onEndpointDisabled: createEndpointDisabledMailer({
        smtp,
        from,
        to: ({ accountId }) => `${accountId}@customers.example`,
      }),
      onError: (error) => expect.fail(String(error)),
    });
    const { id } = await sender.createEndpoint({
      url: 'https://93.184.215.14/hook',
      events: ['*'],
      accountId: 'acc_1',
    });
    await sender.publish(sampleEvent('alert.triggered', { account_id: 'acc_1' }));
    await sender.publish(sampleEvent('credits.low', { account_id: 'acc_1' }));
    await sender.runUntilIdle();

    expect([...new Set(times)]).toEqual([0, 10, 70, 370, 2_170, 9_370]);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({ from: 'no-reply@hostwares.example', to: ['acc_1@customers.example'] });
    expect(mails[0]!.text).toContain('Subject: Webhook endpoint disabled: 93.184.215.14');
    expect(mails[0]!.text).toContain(`Message-ID: <${id}.1769855770000@hostwares.com>`);
    expect(mails[0]!.text).toContain('Failing since: 2026-01-31 08:00:00 UTC');
    expect(mails[0]!.text).toContain('Last error:    HTTP 503');
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  it('names the endpoint, times, the last error and the request that enables it, as text and as HTML', async () => {
    const mailer = createEndpointDisabledMailer({
      smtp,
      from,
      to: () => 'a@b.example',
      platformUrl: 'https://platform.example',
    });
    await mailer(endpoint);
    const { text } = mails[0]!;
    const [plain, html] = text.split('Content-Type: text/html');
    for (const part of [plain!, html!]) {
      expect(part).toContain(
        'All retries of an event failed. Events for this endpoint are now held. They are kept for a limited time',
      );
      expect(part).toContain('2026-01-31 10:36:10 UTC');
      expect(part).toContain('2026-01-31 08:00:00 UTC');
      expect(part).toContain('HTTP 500');
      expect(part).toContain('POST https://platform.example/api/webhooks/wh_1/enable');
    }
    expect(plain).toContain('https://shop.example/hooks?a=<1>&b="2"');
    expect(html).toContain('https://shop.example/hooks?a=&lt;1&gt;&amp;b=&quot;2&quot;');
  });

  it.each([
    ['failures', 'All retries of an event failed. Events for this endpoint are now held.'],
    ['gone', 'It answered with HTTP 410 Gone. Events for this endpoint are now held.'],
    ['manual', 'It was disabled manually. Events for this endpoint are now held.'],
    [null, 'The reason is unknown. Events for this endpoint are now held.'],
  ])('explains the reason %s', async (disabledReason, sentence) => {
    const mailer = createEndpointDisabledMailer({ smtp, from, to: () => 'a@b.example' });
    await mailer({ ...endpoint, disabledReason });
    expect(mails[0]!.text).toContain(sentence);
  });

  it('keeps the URL and the last error on one line, out of headers and markup', async () => {
    await createEndpointDisabledMailer({ smtp, from, to: () => 'a@b.example' })({
      ...endpoint,
      url: 'https://shop.example\r\nBcc: everybody@c.example\r\n\r\n<script>alert(1)</script>',
      lastError: 'no\r\n\r\n<img src=x>\u2028\u202Eevil\u0000',
    });
    const { to, text } = mails[0]!;
    expect(to).toEqual(['a@b.example']);
    expect(text).not.toMatch(/^Bcc:/im);
    const html = text.split('Content-Type: text/html')[1]!;
    expect(html).not.toMatch(/<script|<img/);
    expect(text).toMatch(/Last error: {4}no <img src=x> evil $/m);
  });

  it('sends nothing if `to` returns undefined', async () => {
    await createEndpointDisabledMailer({ smtp, from, to: () => undefined })(endpoint);
    expect(mails).toEqual([]);
  });

  it('rejects if the server does not accept the e-mail, and repeats it with the same Message-ID', async () => {
    isRejecting = true;
    const mailer = createEndpointDisabledMailer({ smtp, from, to: () => 'a@b.example' });
    await expect(mailer(endpoint)).rejects.toThrow('no room');
    isRejecting = false;
    await mailer(endpoint);
    await mailer(endpoint);
    const ids = mails.map(({ text }) => /^Message-ID: (.*)$/m.exec(text)?.[1]);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it.each([
    [{ smtp: 'mail.example' }, /smtp must be/],
    [{ smtp: undefined as never }, /smtp must be/],
    [{ from: '' }, /from must be/],
    [{ to: 'a@b.example' as never }, /to must be a function/],
  ])('throws for the options %o', (options, message) => {
    expect(() => createEndpointDisabledMailer({ smtp, from, to: () => 'a@b.example', ...options })).toThrow(
      message,
    );
  });
});

describe('createHeldExpiringMailer', () => {
  it('sends one e-mail a week before held events are dropped, and one when the first has been dropped', async () => {
    const clock = createVirtualClock();
    const sender = createSender({
      store: createMemoryStore(),
      clock,
      transport: {
        send: async () => ({ status: 200, timings: { totalMs: 0 } }),
        close: async () => undefined,
      },
      onHeldExpiring: createHeldExpiringMailer({ smtp, from, to: () => 'a@b.example' }),
      onError: (error) => expect.fail(String(error)),
    });
    const { id } = await sender.createEndpoint({ url: 'https://93.184.215.14/hook', events: ['*'] });
    await sender.disableEndpoint(id);
    await sender.publish(sampleEvent('credits.low'));
    const days = async (count: number) => {
      clock.advance(count * 86_400_000);
      await sender.start();
      await sleep(50);
      // The next sweep.
      clock.advance(90_000);
      await sleep(50);
    };
    await days(22);
    await days(2);
    await vi.waitFor(() => expect(mails).toHaveLength(1));
    expect(mails[0]!.text).toContain('Subject: Webhook events will be dropped: 93.184.215.14');
    expect(mails[0]!.text).toContain('First drop:  2026-03-02 08:00:00 UTC');
    expect(mails[0]!.text).toContain('Held events: 1');
    expect(mails[0]!.text).toContain(`/api/webhooks/${id}/enable`);
    await days(10);
    await vi.waitFor(() => expect(mails).toHaveLength(2));
    expect(mails[1]!.text).toContain('Subject: Webhook events were dropped: 93.184.215.14');
    await days(10);
    await sender.stop();
    expect(mails).toHaveLength(2);
  });
});
