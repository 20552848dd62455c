// Captures that cannot be read: the format that was recognised, the place where reading stopped, and exit code 2.
import { mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { runDiagnose } from './run-diagnose.js';

const folder = temporaryFolder();
mkdirSync(join(folder, 'sub'));
execFileSync('mkfifo', [join(folder, 'pipe')]);
writeFileSync(join(folder, 'body'), '{}');

async function rejection(capture: string | Uint8Array): Promise<string> {
  const { exitCode, out, err } = await runDiagnose(capture, ['--secret', 'whsec_of_unreadable_captures'], {
    cwd: folder,
  });
  expect([exitCode, out]).toEqual([2, '']);
  expect(err.length).toBeLessThan(300);
  return err;
}

const chunked = (body: string): string => `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;

describe('the error names the format and the place for', () => {
  it.each([
    ['nothing', '', /^The capture is empty\.$/m],
    ['white space', ' \r\n\t', /^The capture is empty\.$/m],
    ['text', 'hello\nworld', /^The capture is in none of the known formats, reading stopped at line 1\./],
    ['random bytes', Uint8Array.of(0x00, 0xff, 0x80), /none of the known formats/],
    ['a response', 'HTTP/1.1 200 OK\n\n', /none of the known formats/],
    [
      'a request with a line that is no header',
      'POST / HTTP/1.1\nA: b\nno header\n\n',
      /^Read as raw HTTP, reading stopped at line 3, offset 21: neither a header/,
    ],
    [
      'a response after a header',
      'A: b\r\nHTTP/1.1 200 OK\r\n\r\n',
      /^Read as raw HTTP, reading stopped at line 2, offset 6: this is a response/,
    ],
    [
      '1,001 headers',
      'A: b\n'.repeat(1_001),
      /^Read as raw HTTP, reading stopped at line 1001.*more than 1000 headers/,
    ],
    [
      'a chunk size that is no number',
      chunked('2\r\n{}\r\nzz\r\n'),
      /^Read as raw HTTP, reading stopped at line 6, offset \d+: this is not the size of a chunk/,
    ],
    [
      'a chunk without a line break after it',
      chunked('2\r\n{}{}\r\n0\r\n\r\n'),
      /^Read as raw HTTP, reading stopped at line 5, offset \d+: no line break after a chunk of 2 bytes/,
    ],
    [
      'a chunk size of 40 digits after a chunk',
      chunked(`2\r\n{}\r\n${'f'.repeat(40)}\r\n`),
      /not the size of a chunk/,
    ],
    [
      'JSON with a fault',
      '{"headers": {},\n "body": nope}',
      /^Read as JSON, reading stopped at line 2, offset 25: the JSON is not valid/,
    ],
    [
      'JSON that ends early',
      '{"headers": {"a":',
      /^Read as JSON, reading stopped at line 1, offset 17: the JSON ends early, expected value/,
    ],
    ['JSON with a comma at the end', '{"headers": {},}', /offset 15: the JSON is not valid, expected key/],
    ['JSON with a missing bracket', '[{"headers": {}', /expected , or the closing bracket/],
    ['JSON with a wrong bracket', '{"headers": {]', /expected key or }/],
    ['JSON with a string that does not end', '{"headers', /a string that does not end/],
    ['JSON with an unknown escape', '{"head\\x": 1}', /offset 6: .*unknown escape/],
    ['JSON with a line break in a string', '{"head\n": 1}', /control character in a string/],
    ['JSON with text after it', '{"headers": {}} x', /offset 16/],
    ['JSON that is too deep', '['.repeat(1_000_000), /offset 500: more than 500 levels/],
    [
      'a HAR file that is cut',
      '{"log": {"entries": [{"startedDateTime": "2026',
      /^Read as HAR, reading stopped at line 1, offset 46/,
    ],
    [
      'an event alone',
      '{"id":"evt_1","event":"ping","data":{}}',
      /^Read as JSON, reading stopped: this is the body of a webhook without its headers/,
    ],
    ['an object without headers', '{"a":1}', /the object has no headers\. Expected/],
    ['a list of numbers', '[1, 2]', /reading stopped at request 1 of 2: this is no object/],
    ['an empty list', '[]', /none of its 0 requests/],
    [
      'a HAR file without webhooks',
      '{"log":{"entries":[{"request":{"method":"GET","headers":[]}}]}}',
      /^Read as HAR, reading stopped: none of its 1 requests/,
    ],
    ['a delivery without attempts', '{"request_body":"{}","attempt_log":[]}', /the delivery has no attempt/],
    ['base64 with other characters', '{"headers":{},"isBase64Encoded":true,"body":"{}"}', /marked as base64/],
    [
      'a quote that does not end',
      "curl -H 'a: b' \\\n  --data-raw '{",
      /^Read as a curl command, reading stopped at line 2, offset 30: a ' without a closing one/,
    ],
    ['a double quote that does not end', 'curl "a', /a " without a closing one/],
    ["a $' that does not end", "curl $'a\\'", /a \$'…' that does not end/],
    [
      'a variable',
      'curl -H "X-Hostwares-Signature: $SIGNATURE"',
      /offset 32: a variable or command of the shell/,
    ],
    ['a command in a command', 'curl -d "$(cat body)"', /variable or command/],
    ['a character that Unicode does not have', "curl $'\\U00110000'", /Unicode does not have/],
    ['an option without its value', 'curl localhost -d', /offset 15: an option without its value/],
    ['a header without a colon', 'curl -H nothing', /a header without a colon/],
    ['headers in a file', 'curl -H @headers', /headers from a file/],
    ['a body from standard input', 'curl -d @- localhost', /reads standard input/],
    ['form data', 'curl -F a=b localhost', /the body of --form cannot be restored/],
    ['a command of Windows', 'curl ^"http://a^" ^\r\n -H ^"a: b^"', /cmd\.exe of Windows/],
    [
      'a file that does not exist',
      'curl -d @absent localhost',
      /^absent, the body of the curl command, cannot be read \(ENOENT\)/,
    ],
    ['a folder', 'curl -d @sub localhost', /is not a regular file/],
    ['a named pipe', 'curl --data-binary @pipe localhost', /is not a regular file/],
    ['a device', 'curl --data-binary @/dev/zero localhost', /is not a regular file/],
  ])('%s', async (_name, capture, message) => {
    expect(await rejection(capture)).toMatch(message);
  });
});

it('the errors quote nothing of the capture but names, and those without control characters', async () => {
  const secret = 'whsec_of_unreadable_captures';
  for (const capture of [
    `{"a": ${secret}`,
    `curl -d @${secret}\x1b[31m`,
    `curl --${secret}`,
    `A: b\n${secret}`,
  ]) {
    const { err, out } = await runDiagnose(capture, ['--secret', secret], { cwd: folder });
    expect(err + out).not.toContain(secret);

    expect(err + out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  }
});
