import { createServer, type RequestListener } from 'node:http';
import { mkdtempSync, readFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/run.ts';
import { createTestContext, type TestContext, type TestContextOptions } from '../../support/cli-context.ts';
import { close, listen } from '../../support/http-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { createCareful, Rejection } from './gallery/careful.ts';
import { EffectLog, secret } from './gallery/endpoint.ts';
import { withEndpoint } from './support.ts';

const folder = temporaryFolder();

interface Ended extends TestContext {
  readonly exitCode: number;
}

async function check(args: readonly string[], options: TestContextOptions = {}): Promise<Ended> {
  const context = createTestContext({ cwd: folder, ...options });
  const exitCode = await runCli(['check', ...args], context);
  return { ...context, exitCode };
}

/** Runs `check` against an endpoint. `args` get the URLs of the endpoint and of the probe. */
function checkEndpoint(
  endpoint: RequestListener,
  args: (probeUrl: string) => readonly string[],
  { effects = new EffectLog(), ...options }: TestContextOptions & { readonly effects?: EffectLog } = {},
): Promise<Ended> {
  return withEndpoint(endpoint, effects.probe, (url, probeUrl) =>
    check([url, '--secret', secret, ...args(probeUrl)], options),
  );
}

const rejecting =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end(body);

const idsOf = (out: string, state: string): string[] =>
  (JSON.parse(out) as { results: { id: string; state: string }[] }).results
    .filter((result) => result.state === state)
    .map(({ id }) => id);

describe('the report of check', () => {
  it('is a card with a grade, and exits with 0 if nothing failed', async () => {
    const effects = new EffectLog();
    const ended = await checkEndpoint(
      createCareful(effects),
      (probe) => ['--probe', probe, '--only', 'forged'],
      {
        effects,
      },
    );
    expect(ended.out()).toMatch(/Forged requests +3 of 3 passed\n/);
    expect(ended.out()).toContain(
      'Grade A: everything was proven, and nothing is wrong (only 8 of 70 checks were chosen).',
    );
    expect(ended.out()).not.toContain('\x1b');
    expect(ended.exitCode).toBe(0);
  });

  it('says what failed, why it matters and how to fix it, and exits with 1', async () => {
    const endpoint = createCareful(new EffectLog(), { checkSignature: () => undefined });
    const ended = await checkEndpoint(endpoint, () => ['--only', 'forged', 'headers']);
    expect(ended.out()).toMatch(
      /FAIL {8}rejects signatures made with another secret \[wrong-secret\]\n {14}The endpoint answered 2xx to .*\n {14}Why: Anybody .*\n {14}Fix: Compute HMAC-SHA256/,
    );
    expect(ended.out()).toMatch(/skipped {5}missing-signature, .*: `wrong-secret` did not pass\./);
    expect(ended.out()).toContain('Grade F: forged requests are accepted');
    expect(ended.exitCode).toBe(1);
  });

  it('stops after a wrong secret, and says so first', async () => {
    const ended = await checkEndpoint(rejecting(401, '{"error":"signature_mismatch"}'), () => []);
    expect(ended.out()).toContain('Grade F: no genuine event was accepted, so nothing else could be judged.');
    expect(ended.out()).toContain('It has another secret than the one given here');
    expect(ended.out().match(/FAIL/g)).toHaveLength(1);
    expect(ended.out()).toMatch(/6\d more checks were skipped/);
    expect(ended.exitCode).toBe(1);
  });

  it('exits with 3 if nothing listens', async () => {
    const server = createServer();
    const url = await listen(server);
    await close(server);
    const ended = await check([url, '--secret', secret]);
    expect(ended.out()).toContain(
      'Nothing listens there. Start the server, and compare the port. (ECONNREFUSED)',
    );
    expect(ended.exitCode).toBe(3);
  });

  it('names a failure of TLS', async () => {
    const ended = await withEndpoint(rejecting(200, ''), rejecting(200, ''), (url) =>
      check([url.replace('http:', 'https:'), '--secret', secret]),
    );
    expect(ended.out()).toMatch(/TLS failed: the certificate is not valid for this host, or the port/);
    expect(ended.exitCode).toBe(3);
  });

  it('quotes a response as one short line without control characters', async () => {
    const body = `\x1b[31mred\x1b[0m\r\n\u202eevil ${'x'.repeat(20_000)}`;
    const ended = await checkEndpoint(rejecting(500, body), () => []);
    expect(ended.out()).not.toMatch(/[\x1b\r\u202e]/);
    expect(ended.out()).toMatch(/500 \("\\\\u\{1b\}\[31mred.*…"\) instead of 2xx/);
    expect(ended.out()).not.toContain('x'.repeat(100));
  });

  it('leaves out the query of the URL, and never contains the secret', async () => {
    const ended = await withEndpoint(createCareful(new EffectLog()), rejecting(200, '0'), (url) =>
      check([`${url}?token=t0k3n`, '--secret', secret, '--only', 'forged', '--json']),
    );
    expect(JSON.parse(ended.out())).toMatchObject({ grade: 'B', isReachable: true });
    expect(ended.out()).not.toContain('t0k3n');
    expect(ended.out()).not.toContain(secret);
  });
});

describe('--json and --junit of check', () => {
  it('write the same results, escaped for XML', async () => {
    const cwd = mkdtempSync(join(folder, 'junit-'));
    const ended = await checkEndpoint(
      createCareful(new EffectLog(), {
        parse: () => {
          throw new Rejection(418, '<a>&"\u0000\u0001]]>\ud83d\ude80');
        },
      }),
      () => ['--json', '--junit', 'check.xml', '--seed', '7'],
      { cwd },
    );
    expect(JSON.parse(ended.out())).toMatchObject({ seed: 7, grade: 'F', counts: { fail: 1 } });
    expect(idsOf(ended.out(), 'fail')).toEqual(['accepts-genuine']);
    const xml = readFileSync(join(cwd, 'check.xml'), 'utf8');
    expect(xml).toContain('<property name="seed" value="7"/>');
    expect(xml).toMatch(/<testsuites tests="\d+" failures="1" errors="0" skipped="\d+"/);
    expect(xml).toMatch(/<failure message="A genuine event got 418 \(&quot;&lt;a&gt;&amp;[^<]*🚀/);
    expect(xml).not.toMatch(/[\u0000-\u0008]/);
  });

  it('say which file cannot be written', async () => {
    const ended = await checkEndpoint(rejecting(404, ''), () => ['--junit', 'missing/check.xml']);
    expect(ended.err()).toMatch(/^--junit missing\/check\.xml cannot be written: ENOENT/);
    expect(ended.exitCode).toBe(3);
  });
});

describe('the command line of check', () => {
  it.each([
    [
      'a host elsewhere',
      ['https://example.com/hooks'],
      /The URL is on example\.com, not on this machine.*--i-own-this-host/,
    ],
    ['a name that only begins like localhost', ['http://localhost.example.com/'], /not on this machine/],
    [
      'a probe elsewhere',
      ['http://localhost:1/', '--probe', 'http://example.com/'],
      /--probe is on example\.com/,
    ],
    ['another scheme', ['ftp://localhost/'], /The URL is not an http or https URL/],
    ['credentials', ['http://a:b@localhost/'], /contains credentials/],
    ['a blank probe', ['http://localhost:1/', '--probe', ' '], /--probe is blank/],
    [
      'a seed that is no number',
      ['http://localhost:1/', '--seed', '1e3'],
      /Expected an integer from 0 to 4294967295/,
    ],
    [
      'an unknown check',
      ['http://localhost:1/', '--only', 'duplicat'],
      /id of a check or a group.*Did you mean duplicate\?/,
    ],
  ])('rejects %s with 2', async (_name, args, message) => {
    const ended = await check([...args, '--secret', secret]);
    expect(ended.err()).toMatch(message);
    expect(ended.exitCode).toBe(2);
  });

  it('asks for a secret if there is none', async () => {
    const ended = await check(['http://localhost:1/']);
    expect(ended.err()).toContain('No secret. Pass --secret');
    expect(ended.exitCode).toBe(2);
  });

  it('ends with 130 on Ctrl-C while a request waits', async () => {
    const context = createTestContext({ cwd: folder });
    await withEndpoint(
      () => {
        context.interrupt();
      },
      rejecting(200, '0'),
      async (url) => {
        expect(await runCli(['check', url, '--secret', secret], context)).toBe(130);
      },
    );
  });
});

describe('--seed of check', () => {
  it('repeats the ids and the order of all requests', async () => {
    const record = async (seed: string): Promise<string[]> => {
      const ids: string[] = [];
      const endpoint = createCareful(new EffectLog(), {
        async handle({ id, event }) {
          ids.push(`${event} ${id}`);
        },
      });
      await checkEndpoint(endpoint, () => ['--seed', seed, '--only', 'genuine']);
      return ids;
    };
    const first = await record('5');
    expect(first).toHaveLength(18);
    expect(await record('5')).toEqual(first);
    expect(await record('6')).not.toEqual(first);
  });
});

describe('--probe of check', () => {
  const command = (script: string) => ['--probe', script, '--only', 'duplicate', '--json'];

  it('runs a command that finds the id in its environment only', async () => {
    const cwd = mkdtempSync(join(folder, 'probe-'));
    const endpoint = createCareful(new EffectLog(), {
      // Each effect is a line in a file.
      async handle({ id }) {
        const file = join(cwd, id);
        if (!existsSync(file)) writeFileSync(file, 'x');
      },
    });
    const script =
      'if [ -e "$HOSTWARES_EVENT_ID" ]; then wc -c < "$HOSTWARES_EVENT_ID"; else echo 0; fi; [ $# = 0 ]';
    const ended = await checkEndpoint(endpoint, () => command(script), {
      cwd,
      env: { PATH: process.env.PATH },
    });
    expect(idsOf(ended.out(), 'pass')).toEqual(expect.arrayContaining(['probe', 'duplicate']));
    expect(ended.exitCode).toBe(0);
  });

  it.each([
    ['prints text', 'echo "no such table"', /answered \("no such table"\)\. Expected a number/],
    ['prints nothing', 'true', /answered nothing/],
    ['prints a negative number', 'echo -1', /Expected a number/],
    ['fails', 'exit 4', /ended with exit code 4/],
    ['counts something else', 'echo 3', /more than 0 for an event that was never sent/],
  ])('fails if the command %s, and proves nothing', async (_name, script, message) => {
    const ended = await checkEndpoint(createCareful(new EffectLog()), () => command(script), {
      env: { PATH: process.env.PATH },
    });
    expect(idsOf(ended.out(), 'fail')).toEqual(['probe']);
    expect(idsOf(ended.out(), 'not-proven')).toEqual(['duplicate']);
    expect(JSON.parse(/"detail": (".*The probe.*")/.exec(ended.out())?.[1] ?? '""')).toMatch(message);
    expect(ended.exitCode).toBe(1);
  });

  it('finds the event type that has an effect', async () => {
    const effects = new EffectLog();
    const endpoint = createCareful(effects, {
      async handle(event) {
        if (event.event === 'credits.low' && effects.count(event.id) === 0) await effects.act(event);
      },
    });
    const ended = await checkEndpoint(endpoint, (probe) => command(probe), { effects });
    expect(ended.out()).toContain('Effects are counted for credits.low.');
    expect(idsOf(ended.out(), 'pass')).toContain('duplicate');
  });

  it('is needed to prove anything about duplicates', async () => {
    const ended = await checkEndpoint(createCareful(new EffectLog()), () => [
      '--only',
      'probe',
      'duplicates',
      '--json',
    ]);
    expect(idsOf(ended.out(), 'pass')).toEqual([
      'reachable',
      'responds',
      'no-redirect',
      'accepts-genuine',
      'out-of-order',
    ]);
    expect(idsOf(ended.out(), 'not-proven')).toHaveLength(8);
    expect(JSON.parse(ended.out())).toMatchObject({ grade: 'B' });
  });
});

describe('an endpoint that', () => {
  it('limits the rate of requests is given time', async () => {
    const careful = createCareful(new EffectLog());
    let count = 0;
    const endpoint: RequestListener = (request, response) => {
      count += 1;
      if (count % 2 === 0) response.writeHead(429, { 'retry-after': '0' }).end();
      else careful(request, response);
    };
    const ended = await checkEndpoint(endpoint, () => ['--only', 'forged', '--json']);
    expect(idsOf(ended.out(), 'pass')).toContain('wrong-secret');
  });

  it('answers nothing but 429 proves nothing', async () => {
    const careful = createCareful(new EffectLog());
    let isFirst = true;
    const endpoint: RequestListener = (request, response) => {
      if (isFirst) careful(request, response);
      else response.writeHead(429, { 'retry-after': '0' }).end();
      isFirst = false;
    };
    const ended = await checkEndpoint(endpoint, () => ['--only', 'forged', '--json']);
    expect(idsOf(ended.out(), 'not-proven')).toContain('wrong-secret');
    expect(ended.out()).toContain('keeps answering 429');
  });

  it('is gone after a malformed request fails with the request that ended it', async () => {
    const careful = createCareful(new EffectLog());
    const server = createServer((request, response) => {
      if (request.headers['x-hostwares-signature'] !== undefined) return careful(request, response);
      // As an exception in a callback ends the process.
      server.close();
      server.closeAllConnections();
    });
    const url = await listen(server);
    const ended = await check([url, '--secret', secret, '--only', 'headers', 'http', 'summary', '--json']);
    expect(idsOf(ended.out(), 'fail')).toEqual(['stays-available']);
    expect(ended.out()).toContain('The endpoint stopped listening after no signature header');
    expect(idsOf(ended.out(), 'skipped')).toEqual(expect.arrayContaining(['malformed-signature', 'get']));
    expect(ended.exitCode).toBe(1);
  });
});
