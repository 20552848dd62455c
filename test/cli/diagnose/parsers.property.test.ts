// Any request that is printed in a format is read with the same bytes; any capture is read or rejected without leaking.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signPayload } from '../../../src/index.js';
import { readCapture } from '../../../src/cli/diagnose/read-capture.js';
import { splitShellWords } from '../../../src/cli/diagnose/shell-words.js';
import { findJsonProblem, reformatJson } from '../../../src/cli/diagnose/json-text.js';
import { createTestContext } from '../../support/cli-context.js';
import {
  toChunkedHttp,
  toCurl,
  toHar,
  toHarEntry,
  toJsonText,
  toLambdaEvent,
  toRawHttp,
  toShellWord,
  type Printed,
} from './printers.js';
import { runDiagnose } from './run-diagnose.js';

const headerName = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/).map((name) => `x-${name}`);
const headerValue = fc.stringMatching(/^[!-~](?:[ -~]{0,30}[!-~])?$/);
const headers = fc.array(fc.tuple(headerName, headerValue), { minLength: 1, maxLength: 5 });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 });
const binary: fc.Arbitrary<Printed> = fc.record({ headers, body: bytes });
const textual: fc.Arbitrary<Printed> = fc.record({ headers, body: text.map((each) => Buffer.from(each)) });

async function expectSame(printed: string | Uint8Array, { headers: expected, body }: Printed): Promise<void> {
  const [capture] = await readCapture(createTestContext(), Buffer.from(printed as string));
  expect(Buffer.from(capture!.body).equals(Buffer.from(body))).toBe(true);
  for (const header of expected) expect(capture!.headers).toContainEqual(header);
}

describe('the same headers and bytes are read from', () => {
  it('raw HTTP with CRLF and LF', () =>
    fc.assert(
      fc.asyncProperty(binary, fc.constantFrom('\r\n', '\n'), async (request, newLine) =>
        expectSame(toRawHttp(request, newLine), request),
      ),
    ));

  it('chunked HTTP, for chunks of any size', () =>
    fc.assert(
      fc.asyncProperty(binary, fc.integer({ min: 1, max: 400 }), async (request, length) =>
        expectSame(toChunkedHttp(request, length), request),
      ),
    ));

  it('a curl command', () =>
    fc.assert(fc.asyncProperty(binary, async (request) => expectSame(toCurl(request), request))));

  it('HAR, as a file and as an entry', () =>
    fc.assert(
      fc.asyncProperty(binary, async (request) => {
        await expectSame(toHar([request]), request);
        await expectSame(JSON.stringify(toHarEntry(request)), request);
      }),
    ));

  it('JSON, in base64 and as text', () =>
    fc.assert(
      fc.asyncProperty(binary, textual, async (request, other) => {
        await expectSame(toLambdaEvent(request), request);
        const unique = { ...other, headers: [...new Map(other.headers)] };
        await expectSame(toJsonText(unique), unique);
      }),
    ));
});

describe('shell words', () => {
  it('are split as bash splits them', () => {
    const piece = fc.oneof(
      fc.stringMatching(/^[a-z0-9@:=,./-]{1,8}$/),
      fc.stringMatching(/^[ -&(-~\n]{0,8}$/).map((each) => `'${each}'`),
      fc.stringMatching(/^[a-z '\n\t;|&<>()*?#]{0,8}$/).map((each) => `"${each}"`),
      fc.constantFrom(
        '\\ ',
        "\\'",
        '\\"',
        '\\\\',
        '\\$',
        '"\\"\\\\\\$\\`\\n"',
        '\\\n',
        "$'\\n\\t\\x41\\u00e9\\'\\101\\e\\cA\\z\\\\'",
      ),
    );
    const word = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
    const command = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => `x ${words.join(' ')}`);
    fc.assert(
      fc.property(fc.array(command, { minLength: 40, maxLength: 40 }), (commands) => {
        const script = commands.map((each) => `set -f; set -- ${each}\nprintf '%s\\0' "$@" END`).join('\n');
        const output = execFileSync('bash', ['--norc', '--noprofile', '-c', script], {
          stdio: ['ignore', 'pipe', 'ignore'],
          encoding: 'latin1',
          env: { LC_ALL: 'C.UTF-8' },
        });
        const words = commands.flatMap((each) => [
          ...splitShellWords(Buffer.from(each), 0).map((w) => w.text),
          'END',
        ]);
        expect(words).toEqual(output.split('\0').slice(0, -1));
      }),
      { numRuns: 5 },
    );
  });

  it('that are quoted give the same bytes back', () => {
    fc.assert(
      fc.property(bytes, (each) => {
        const [word] = splitShellWords(Buffer.from(toShellWord(each)), 0);
        expect(Buffer.from(word!.text, 'latin1').equals(Buffer.from(each))).toBe(true);
      }),
    );
  });
});

describe('JSON text', () => {
  it('has a problem exactly if JSON.parse rejects it', () => {
    const almostJson = fc.oneof(
      fc.json(),
      fc
        .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '{', ']', ',', ':', '\\', '0', '\n', 'null'))
        .map(([json, at, part]) => {
          const position = at % (json.length + 1);
          return json.slice(0, position) + part + json.slice(position + 1);
        }),
    );
    fc.assert(
      fc.property(almostJson, (json) => {
        let isValid = true;
        try {
          JSON.parse(json);
        } catch {
          isValid = false;
        }
        expect(findJsonProblem(json) === undefined).toBe(isValid);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is reformatted as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const compact = JSON.stringify(value);
        const indented = JSON.stringify(value, null, 2);
        expect(reformatJson(indented, { afterColon: '', afterComma: '' }, 1e6)).toBe(compact);
        expect(reformatJson(compact, { indent: '  ', afterColon: ' ', afterComma: '' }, 1e6)).toBe(indented);
      }),
    );
  });
});

describe('the output, for any capture,', () => {
  const secret = 'whsec_of_properties_in_captures';
  const nasty = fc.string({ unit: 'binary', maxLength: 30 });

  it('has no control character of the capture, no secret and no MAC', () =>
    fc.assert(
      fc.asyncProperty(nasty, nasty, fc.nat(100), fc.boolean(), async (text, body, length, isJson) => {
        const name = text + 'x'.repeat(length);
        const signature = await signPayload(body, secret);
        const event = {
          id: `evt_${secret}${name}`,
          event: `${name}${signature}`,
          timestamp: '2026-03-01T12:00:00Z',
          account_id: 'a',
          data: {},
        };
        const signedBody = JSON.stringify(event);
        const own = await signPayload(signedBody, secret);
        const requests = [
          {
            method: `${name}${secret}`,
            url: `http://${secret}@h/${name}${signature}`,
            headers: { [`${name}hostwares-signature${secret}`]: signature },
            body,
          },
          {
            method: 'POST',
            url: secret,
            headers: { 'x-hostwares-signature': own, 'x-hostwares-timestamp': name },
            body: signedBody,
          },
        ];
        for (const request of requests) {
          const { out, err } = await runDiagnose(JSON.stringify(request), [
            '--secret',
            secret,
            ...(isJson ? ['--json'] : []),
          ]);
          expect(out).not.toBe('');

          expect(out + err).not.toMatch(
            /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/,
          );
          for (const hidden of [
            secret.slice(0, 14),
            secret.slice(6, 20),
            signature.slice(7, 27),
            own.slice(7, 27),
          ])
            expect(out + err).not.toContain(hidden);
        }
      }),
    ));
});
