/**
 * The conformance suite: the behaviour of every runtime, every build (ESM, CJS) and both HMAC engines.
 * Plain JavaScript without imports, so that it runs anywhere; the package is a parameter.
 *
 * @param {typeof import('../../src/index.js')} lib
 * @param {typeof import('../../src/testing/index.js')} testing
 * @returns {{ name: string, run: () => Promise<void> }[]}
 */
export function conformanceCases(lib, testing) {
  const secret = 'whsec_conformance';
  const nowMs = Date.UTC(2026, 0, 31, 8);
  const now = () => nowMs;
  const seconds = String(nowMs / 1000);
  const text = new TextEncoder();
  const envelope = {
    id: 'evt_1',
    event: 'deployment.completed',
    timestamp: '2026-01-31T08:00:00.000Z',
    account_id: 'acc_1',
    data: {
      site_id: 's',
      site_name: 'Grüße ✓',
      status: 'RUNNING',
      deployment_id: 'd',
      duration_seconds: 1.5,
    },
  };
  const goodBody = JSON.stringify(envelope);

  /** @param {string | Uint8Array} body */
  const signed = async (body, more = {}) => ({
    body: /** @type {string | Uint8Array<ArrayBuffer>} */ (body),
    headers: {
      'x-hostwares-signature': await lib.signPayload(body, secret),
      'x-hostwares-timestamp': seconds,
      ...more,
    },
  });
  const bytesOf = (/** @type {string} */ latin1) => Uint8Array.from(latin1, (c) => c.charCodeAt(0));

  /** @type {(actual: unknown, expected: unknown, what?: string) => void} */
  const equal = (actual, expected, what = 'value') => {
    const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (a !== e) throw new Error(`${what}: expected ${e}, got ${a}`);
  };
  /** @type {(promise: Promise<unknown>, code: string) => Promise<any>} */
  const rejected = async (promise, code) => {
    try {
      await promise;
    } catch (/** @type {any} */ error) {
      if (!lib.isWebhookError(error)) throw new Error(`expected ${code}, got ${String(error)}`);
      equal(error.code, code, 'code');
      return error;
    }
    throw new Error(`expected ${code}, was accepted`);
  };
  const typeError = async (/** @type {() => unknown} */ act) => {
    try {
      await act();
    } catch (error) {
      if (error instanceof TypeError) return;
      throw new Error(`expected a TypeError, got ${String(error)}`);
    }
    throw new Error('expected a TypeError, nothing was thrown');
  };
  /** @type {(request: any, options?: any) => Promise<any>} */
  const verify = (request, options) => lib.verifyWebhook(request, { secret, now, ...options });

  /** @type {[string, () => Promise<void>][]} */
  const cases = [
    [
      'signs RFC 4231 test case 1 (bytes)',
      async () => {
        equal(
          await lib.signPayload('Hi There', new Uint8Array(20).fill(0x0b)),
          'sha256=b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
        );
      },
    ],
    [
      'signs RFC 4231 test case 2 (text)',
      async () => {
        equal(
          await lib.signPayload('what do ya want for nothing?', 'Jefe'),
          'sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
        );
      },
    ],
    [
      'signs RFC 4231 test case 6 (key longer than a block)',
      async () => {
        equal(
          await lib.signPayload(
            'Test Using Larger Than Block-Size Key - Hash Key First',
            new Uint8Array(131).fill(0xaa),
          ),
          'sha256=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
        );
      },
    ],
    [
      'matches its own signature and no other',
      async () => {
        const signature = await lib.signPayload(goodBody, secret);
        equal(await lib.signatureMatches(goodBody, signature, secret), true);
        equal(await lib.signatureMatches(goodBody, signature, 'other'), false);
        equal(await lib.signatureMatches(`${goodBody} `, signature, secret), false);
        equal(await lib.signatureMatches(goodBody, signature.toUpperCase(), secret), false);
        equal(
          await lib.signatureMatches(goodBody, `sha256=${signature.slice(7).toUpperCase()}`, secret),
          false,
        );
        for (const bad of [
          '',
          'sha256=',
          signature.slice(7),
          `${signature}0`,
          `${signature}\n`,
          null,
          undefined,
          5,
          {},
        ]) {
          equal(await lib.signatureMatches(goodBody, /** @type {any} */ (bad), secret), false, String(bad));
        }
        for (const bad of [null, undefined, 5, {}, [1]]) {
          equal(await lib.signatureMatches(/** @type {any} */ (bad), signature, secret), false, String(bad));
        }
      },
    ],
    [
      'verifies text, bytes, bytes with an offset, ArrayBuffer and Request',
      async () => {
        const request = await signed(goodBody);
        equal(await verify(request), envelope);
        const bytes = text.encode(goodBody);
        equal(await verify({ ...request, body: bytes }), envelope);
        const padded = new Uint8Array(bytes.length + 7);
        padded.set(bytes, 3);
        equal(await verify({ ...request, body: padded.subarray(3, 3 + bytes.length) }), envelope);
        equal(await verify({ ...request, body: bytes.buffer.slice(0, bytes.length) }), envelope);
        equal(await verify(new Request('http://localhost/', { method: 'POST', ...request })), envelope);
      },
    ],
    [
      'accepts headers in any case, as lists and as Headers',
      async () => {
        const { body, headers } = await signed(goodBody);
        const [signature, timestamp] = [headers['x-hostwares-signature'], headers['x-hostwares-timestamp']];
        for (const each of [
          { 'X-Hostwares-Signature': signature, 'X-HOSTWARES-TIMESTAMP': timestamp },
          { 'x-hostwares-signature': [signature], 'x-hostwares-timestamp': [timestamp] },
          new Headers(headers),
          Object.assign(Object.create(null), headers),
        ]) {
          equal(await verify({ body, headers: each }), envelope);
        }
      },
    ],
    [
      'rejects headers that are missing, repeated or malformed',
      async () => {
        const { body, headers } = await signed(goodBody);
        const signature = headers['x-hostwares-signature'];
        const rejections = /** @type {[object, string][]} */ ([
          [{}, 'missing_signature'],
          [{ 'x-hostwares-timestamp': seconds }, 'missing_signature'],
          [Object.create(headers), 'missing_signature'],
          [{ 'x-hostwares-signature': signature }, 'missing_timestamp'],
          [{ ...headers, 'X-Hostwares-Signature': signature }, 'malformed_signature'],
          [{ ...headers, 'x-hostwares-signature': [signature, signature] }, 'malformed_signature'],
          [{ ...headers, 'x-hostwares-timestamp': [seconds, seconds] }, 'malformed_timestamp'],
        ]);
        for (const bad of [
          '',
          'x',
          signature.slice(7),
          signature.slice(0, -1),
          `${signature}0`,
          ` ${signature}`,
          `${signature}\n`,
          `${signature}, ${signature}`,
          signature.toUpperCase(),
          `sha256=${signature.slice(7).toUpperCase()}`,
          signature.replace('256', '1'),
          `sha256=${'g'.repeat(64)}`,
        ]) {
          rejections.push([{ ...headers, 'x-hostwares-signature': bad }, 'malformed_signature']);
        }
        for (const bad of [
          '',
          ' ',
          'x',
          `${seconds} `,
          `+${seconds}`,
          `-${seconds}`,
          `${seconds}.0`,
          '1e9',
          '0x10',
          `0${seconds}`,
          '9'.repeat(16),
          `${seconds},${seconds}`,
          `${seconds}\n`,
          '١٢٣',
        ]) {
          rejections.push([{ ...headers, 'x-hostwares-timestamp': bad }, 'malformed_timestamp']);
        }
        for (const [each, code] of rejections) await rejected(verify({ body, headers: each }), code);
      },
    ],
    [
      'rejects a timestamp outside the tolerance in both directions',
      async () => {
        const { body, headers } = await signed(goodBody);
        const at = (/** @type {number} */ offset) => ({
          body,
          headers: { ...headers, 'x-hostwares-timestamp': String(nowMs / 1000 + offset) },
        });
        for (const offset of [0, 300, -300]) await verify(at(offset));
        for (const offset of [301, -301, 1e9])
          await rejected(verify(at(offset)), 'timestamp_outside_tolerance');
        await verify(at(0), { toleranceSeconds: 0, now: () => nowMs + 999 });
        await rejected(verify(at(1), { toleranceSeconds: 0 }), 'timestamp_outside_tolerance');
        await rejected(verify(at(0), { now: () => NaN }), 'timestamp_outside_tolerance');
        await verify(at(-1e9), { toleranceSeconds: false });
      },
    ],
    [
      'rejects a changed body, also one that decodes to the same text',
      async () => {
        const { headers } = await signed(`{"a":"\uFFFD"}`);
        await rejected(verify({ body: bytesOf('{"a":"\xFF"}'), headers }), 'signature_mismatch');
        await rejected(verify({ body: bytesOf('{"a":"\xEF\xBF"}'), headers }), 'signature_mismatch');
        await rejected(verify({ body: '', headers }), 'signature_mismatch');
      },
    ],
    [
      'rejects signed bytes that are not UTF-8, JSON or an event',
      async () => {
        await rejected(signed(bytesOf('{"a":"\xFF"}')).then(verify), 'invalid_utf8');
        for (const body of [
          '',
          '{',
          `${goodBody},`,
          `\uFEFF${goodBody}`,
          'undefined',
          '\0',
          '['.repeat(200_000),
        ]) {
          await rejected(signed(body).then(verify), 'invalid_json');
        }
        const wrong = [
          {},
          { ...envelope, id: '' },
          { ...envelope, id: 1 },
          { ...envelope, event: null },
          { ...envelope, data: null },
          { ...envelope, data: [] },
          { ...envelope, data: 'x' },
          { ...envelope, account_id: undefined },
          ...[
            '',
            'x',
            '2026-01-31',
            '2026-02-30T00:00:00Z',
            '2025-02-29T00:00:00Z',
            '2026-13-01T00:00:00Z',
            '2026-01-31T24:00:00Z',
            '2026-01-31T08:00:60Z',
            '2026-01-31T08:00:00',
            '2026-01-31 08:00:00Z',
            1769846400,
          ].map((timestamp) => ({ ...envelope, timestamp })),
        ];
        for (const each of wrong)
          await rejected(signed(JSON.stringify(each)).then(verify), 'invalid_envelope');
        for (const body of ['null', '[]', '"x"', '1', 'true'])
          await rejected(signed(body).then(verify), 'invalid_envelope');
      },
    ],
    [
      'accepts timestamps with fractions, with offsets and on 29 February',
      async () => {
        for (const timestamp of [
          '2024-02-29T00:00:00Z',
          '2026-12-31T23:59:59.123456Z',
          '2026-01-31T08:00:00+05:30',
        ]) {
          equal((await signed(JSON.stringify({ ...envelope, timestamp })).then(verify)).timestamp, timestamp);
        }
      },
    ],
    [
      'keeps unknown fields and values',
      async () => {
        const more = { ...envelope, extra: [1], data: { status: 'NEW', site_name: 5, deep: { x: null } } };
        equal(await signed(JSON.stringify(more)).then(verify), more);
      },
    ],
    [
      'returns an unknown event for a type it does not know',
      async () => {
        for (const name of ['site.paused', '__proto__', 'constructor', 'toString', 'unknown', 'Ping']) {
          const event = await signed(JSON.stringify({ ...envelope, event: name })).then(verify);
          equal([event.event, event.type, event.id], ['unknown', name, 'evt_1']);
        }
        equal((await signed(JSON.stringify({ ...envelope, event: 'ping' })).then(verify)).event, 'ping');
      },
    ],
    [
      'is not polluted by __proto__ and constructor as keys',
      async () => {
        const body = goodBody.replace(
          '{',
          '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},',
        );
        const event = await signed(body).then(verify);
        equal(event.event, 'deployment.completed');
        const unknown = await signed(body.replace('deployment.completed', '__proto__')).then(verify);
        equal(unknown.type, '__proto__');
        equal(/** @type {any} */ ({}).polluted, undefined);
        equal(unknown.polluted, undefined);
      },
    ],
    [
      'tries all secrets, as text and as bytes',
      async () => {
        const request = await signed(goodBody);
        for (const source of [
          [secret, 'old'],
          ['old', secret],
          text.encode(secret),
          () => secret,
          async () => ['old', text.encode(secret)],
        ]) {
          equal((await verify(request, { secret: source })).id, 'evt_1');
        }
        await rejected(verify(request, { secret: ['old', 'older'] }), 'signature_mismatch');
      },
    ],
    [
      'throws or rejects without a secret',
      async () => {
        const request = await signed(goodBody);
        for (const bad of ['', ' \n', [], [''], [secret, ''], new Uint8Array(), undefined, null, 5]) {
          await typeError(() => verify(request, { secret: bad }));
          await typeError(() => lib.createReceiver({ secret: /** @type {any} */ (bad) }));
          await rejected(verify(request, { secret: () => bad }), 'misconfigured');
        }
        await rejected(
          verify(request, { secret: () => Promise.reject(new Error('vault')) }),
          'misconfigured',
        );
        await typeError(() => lib.signPayload('x', ''));
        await typeError(() => lib.signatureMatches('x', 'y', ''));
      },
    ],
    [
      'throws a TypeError for invalid options',
      async () => {
        for (const options of [
          { toleranceSeconds: -1 },
          { toleranceSeconds: NaN },
          { toleranceSeconds: Infinity },
          { toleranceSeconds: '300' },
          { maxBodyBytes: 0 },
          { maxBodyBytes: 1.5 },
        ]) {
          await typeError(() => lib.createReceiver(/** @type {any} */ ({ secret, ...options })));
        }
      },
    ],
    [
      'rejects a body that is too large, parsed or already read',
      async () => {
        const request = await signed(goodBody);
        await rejected(verify(request, { maxBodyBytes: 10 }), 'body_too_large');
        for (const body of [envelope, null, undefined, [1, 2], 5]) {
          const error = await rejected(verify({ ...request, body }), 'body_already_parsed');
          equal(typeof error.hint, 'string');
        }
        const used = new Request('http://localhost/', { method: 'POST', ...request });
        await used.text();
        await rejected(verify(used), 'body_already_parsed');
      },
    ],
    [
      'explains the likely cause of a rejection in its hint',
      async () => {
        const spaced = '{ "id": "evt_1",\n "x": 1 }\n';
        const pretty = JSON.stringify(envelope, null, 2);
        const { headers } = await signed(goodBody);
        const signature = headers['x-hostwares-signature'];
        const withHeaders = (/** @type {object} */ more) => ({
          body: goodBody,
          headers: { ...headers, ...more },
        });
        const expectations = /** @type {[object, string, RegExp, object?][]} */ ([
          [{ body: envelope, headers }, 'body_already_parsed', /raw body/],
          [{ body: `\uFEFF${goodBody}`, headers }, 'signature_mismatch', /byte order mark/],
          [{ body: `${goodBody}\n`, headers }, 'signature_mismatch', /[Ll]ine endings|newline/],
          [
            { ...(await signed(spaced)), body: spaced.replaceAll('\n', '\r\n') },
            'signature_mismatch',
            /Line endings/,
          ],
          [
            { ...(await signed(spaced.replaceAll('\n', '\r\n'))), body: spaced },
            'signature_mismatch',
            /Line endings/,
          ],
          [{ body: pretty, headers }, 'signature_mismatch', /serialised again/],
          [{ ...(await signed(pretty)), body: goodBody }, 'signature_mismatch', /serialised again/],
          [{ body: btoa('{"id":"evt_1"}'), headers }, 'signature_mismatch', /base64/],
          [{ body: '', headers }, 'signature_mismatch', /empty/],
          [{ body: bytesOf('\x1F\x8B\b'), headers }, 'signature_mismatch', /compressed \(gzip\)/],
          [{ body: bytesOf('{\0"\0'), headers }, 'signature_mismatch', /UTF-16/],
          [
            { body: new TextDecoder('windows-1252').decode(text.encode(goodBody)), headers },
            'signature_mismatch',
            /read as Latin-1/,
          ],
          [
            { ...(await signed('{"a":"Gr\xFC\xDFe"}')), body: bytesOf('{"a":"Gr\xFC\xDFe"}') },
            'signature_mismatch',
            /converted to Latin-1/,
          ],
          [
            { body: goodBody.slice(0, 50), headers: { ...headers, 'content-length': '229' } },
            'signature_mismatch',
            /Content-Length says 229.*has 5/,
          ],
          [withHeaders({}), 'signature_mismatch', /white space or quotes/, { secret: ` ${secret}` }],
          [withHeaders({}), 'signature_mismatch', /white space or quotes/, { secret: `"${secret}"` }],
          [
            withHeaders({ 'x-hostwares-timestamp': String(nowMs) }),
            'timestamp_outside_tolerance',
            /milliseconds/,
          ],
          [
            withHeaders({ 'x-hostwares-signature': `sha1=${'a'.repeat(40)}` }),
            'malformed_signature',
            /SHA-1/,
          ],
          [withHeaders({ 'x-hostwares-signature': signature.slice(7) }), 'malformed_signature', /prefix/],
          [
            withHeaders({ 'x-hostwares-signature': signature.toUpperCase() }),
            'malformed_signature',
            /lower case/,
          ],
          [
            withHeaders({ 'x-hostwares-signature': [signature, signature] }),
            'malformed_signature',
            /more than once/,
          ],
        ]);
        for (const [request, code, hint, options] of expectations) {
          const error = await rejected(verify(request, options), code);
          if (!hint.test(error.hint))
            throw new Error(`expected a hint like ${String(hint)}, got ${String(error.hint)}`);
          const told = `${error.message} ${error.hint} ${JSON.stringify(error)}`;
          if (told.includes(secret) || /[0-9a-f]{40}/.test(told))
            throw new Error(`reveals too much: ${told}`);
        }
      },
    ],
    [
      'sets code, status and brand on its errors',
      async () => {
        const error = await rejected(verify({ body: goodBody, headers: {} }), 'missing_signature');
        equal(
          [error.name, error.status, error.retryable, error instanceof Error],
          ['WebhookError', 401, false, true],
        );
        equal(
          [null, undefined, 5, {}, new Error('x')].map((value) => lib.isWebhookError(value)),
          [false, false, false, false, false],
        );
      },
    ],
    [
      'lists the twelve published types',
      async () => {
        equal(lib.eventTypes.length, 12);
        equal(
          lib.eventTypes.every((name) => lib.isEventType(name)),
          true,
        );
        equal(
          ['ping', 'unknown', '__proto__', 'toString', '', 5, null].some((name) => lib.isEventType(name)),
          false,
        );
      },
    ],
    [
      'handles a sample of every event type',
      async () => {
        /** @type {string[]} */
        const seen = [];
        const receiver = lib.createReceiver({ secret });
        receiver.on(lib.eventTypes, (event) => void seen.push(event.event));
        receiver.on('ping', () => void seen.push('ping'));
        receiver.onUnknown((event) => void seen.push(event.type));
        const names = [...lib.eventTypes, 'ping', 'site.paused'];
        for (const name of names) {
          const response = await receiver.handle(await testing.createSignedRequest(name, { secret }));
          equal([response.status, await response.text()], [200, '{"received":true}']);
        }
        equal(seen, names);
      },
    ],
    [
      'responds with the code and nothing else',
      async () => {
        const receiver = lib.createReceiver({ secret, maxBodyBytes: 1000 });
        /** @type {(init: RequestInit) => Promise<[number, string]>} */
        const answer = async (init) => {
          const response = await receiver.handle(
            new Request('http://localhost/', { method: 'POST', ...init }),
          );
          return [response.status, await response.text()];
        };
        const good = await testing.createSignedRequest('ping', { secret });
        const headers = Object.fromEntries(good.headers);
        equal(await answer({ method: 'GET' }), [405, '{"error":"method_not_allowed"}']);
        equal(await answer({ body: 'x' }), [401, '{"error":"missing_signature"}']);
        equal(await answer({ headers, body: 'x' }), [401, '{"error":"signature_mismatch"}']);
        equal(await answer({ headers, body: 'x'.repeat(1001) }), [413, '{"error":"body_too_large"}']);
        const stale = { ...headers, 'x-hostwares-timestamp': '1' };
        equal(await answer({ headers: stale, body: await good.clone().text() }), [
          401,
          '{"error":"timestamp_outside_tolerance"}',
        ]);
        equal(await answer({ headers, body: await good.text() }), [200, '{"received":true}']);
      },
    ],
    [
      'stops reading a streamed body above maxBodyBytes',
      async () => {
        const receiver = lib.createReceiver({ secret, maxBodyBytes: 1000 });
        const { headers } = await testing.createSignedRequest('ping', { secret });
        let pulled = 0;
        const body = new ReadableStream({
          pull(controller) {
            pulled += 1;
            controller.enqueue(new Uint8Array(100));
          },
        });
        const init = /** @type {any} */ ({ method: 'POST', headers, body, duplex: 'half' });
        equal((await receiver.handle(new Request('http://localhost/', init))).status, 413);
        if (pulled > 30) throw new Error(`read on: ${pulled} chunks`);
      },
    ],
    [
      'assembles a body from many chunks',
      async () => {
        const receiver = lib.createReceiver({ secret });
        const request = await testing.createSignedRequest('deployment.completed', { secret });
        const bytes = new Uint8Array(await request.clone().arrayBuffer());
        const body = new ReadableStream({
          start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
          },
        });
        const init = /** @type {any} */ ({ method: 'POST', headers: request.headers, body, duplex: 'half' });
        equal((await receiver.handle(new Request('http://localhost/', init))).status, 200);
      },
    ],
    [
      'returns 500 for a failing handler and 503 for a slow one',
      async () => {
        const failing = lib.createReceiver({ secret }).onAny(() => {
          throw new Error('database');
        });
        const slow = lib
          .createReceiver({ secret, handlerTimeoutMs: 5 })
          .onAny((_event, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)));
        equal((await failing.handle(await testing.createSignedRequest('ping', { secret }))).status, 500);
        equal((await slow.handle(await testing.createSignedRequest('ping', { secret }))).status, 503);
      },
    ],
    [
      'handles an event once, and rejects one that is too old',
      async () => {
        let clockMs = nowMs;
        const clock = () => clockMs;
        let runs = 0;
        const store = lib.createMemoryReplayStore({ now: clock });
        const receiver = lib.createReceiver({ secret, now: clock, replay: { store } }).onAny(() => {
          runs += 1;
          if (runs === 1) throw new Error('database');
        });
        const sent = async () => {
          const headers = { 'x-hostwares-timestamp': String(Math.floor(clockMs / 1000)) };
          const { status } = await receiver.receive(await signed(goodBody, headers));
          return status;
        };
        equal([await sent(), await sent(), await sent()], [500, 200, 200]);
        clockMs += 86_401_000;
        equal([await sent(), runs], [401, 2]);
      },
    ],
    [
      'hands off the event unchanged, and dispatches it after JSON',
      async () => {
        /** @type {string[]} */
        const kept = [];
        const receiver = lib.createReceiver({
          secret,
          now,
          handoff: async (event) => kept.push(JSON.stringify(event)),
        });
        /** @type {unknown[]} */
        const seen = [];
        receiver.onAny((event, context) =>
          seen.push([event.id, context.attempt, context.isDuplicateDelivery]),
        );
        const { status, event } = await receiver.receive(await signed(goodBody));
        equal([status, kept.length, seen.length], [200, 1, 0]);
        await receiver.dispatch(JSON.parse(String(kept[0])), { attempt: 2 });
        equal(seen, [[/** @type {{ id: string }} */ (event).id, 2, true]]);
      },
    ],
    [
      'acknowledges early, before the handlers that waitUntil keeps alive have ended',
      async () => {
        /** @type {Promise<unknown>[]} */
        const kept = [];
        /** @type {(value?: unknown) => void} */
        let end = () => {};
        let ended = false;
        const receiver = lib.createReceiver({ secret, now, acknowledge: 'early' }).onAny(async () => {
          await new Promise((resolve) => (end = resolve));
          ended = true;
        });
        const input = await signed(goodBody);
        const { status } = await receiver.receive({ ...input, waitUntil: (promise) => kept.push(promise) });
        equal([status, ended, kept.length], [200, false, 1]);
        end();
        await kept[0];
        equal(ended, true);
      },
    ],
  ];
  return cases.map(([name, run]) => ({ name, run }));
}
