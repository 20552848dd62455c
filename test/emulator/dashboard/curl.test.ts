// The curl command, run by a real shell: what reaches curl is what was in the request.
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { toCurl } from '../../../src/emulator/dashboard/curl.js';

/** Runs a command with a curl that prints its arguments and its input. */
function run(command: string): { args: string[]; input: string } {
  const fake = String.raw`curl() { printf '%s\0' "$@"; for last; do :; done; if [ "$last" = @- ]; then cat; fi; }`;
  const output = execFileSync('sh', ['-c', `${fake}\n${command}`], { encoding: 'utf8' });
  const parts = output.split('\0');
  return { args: parts.slice(0, -1), input: parts.at(-1)! };
}

const url = 'http://localhost:3000/hooks?a=[1-3]&b={x,y}';

it.each([
  '{"plain":true}',
  `{"quote":"it's"}`,
  `'; touch /tmp/owned; '`,
  '$(id) `id` ${HOME} "double" \\ back\\slash !history',
  '@/etc/passwd',
  '-o/tmp/file',
  'ünïcode ✓ \u202E',
])('passes the body %j as one argument', (body) => {
  const { args } = run(toCurl({ url, headers: {}, body }));
  expect(args).toEqual(['--globoff', '-X', 'POST', url, '--data-raw', body]);
});

it.each(['delete\u007f', 'csi\u009b1m', 'line\nbreak', `back\\0101slash and ' \u001b[31m`])(
  'pipes the body %j, which has control characters, without writing any',
  (body) => {
    const command = toCurl({ url, headers: {}, body });
    expect(command.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(run(command)).toEqual({
      args: ['--globoff', '-X', 'POST', url, '--data-binary', '@-'],
      input: body,
    });
  },
);

it('passes headers, and leaves out those that curl sets itself', () => {
  const headers = {
    Host: 'elsewhere',
    'content-length': '2',
    'x-quote': `it's $(id)`,
    'x-empty': '',
    'x-break': 'a\r\nb',
  };
  expect(run(toCurl({ url, headers, body: '{}' })).args).toEqual([
    '--globoff',
    '-X',
    'POST',
    url,
    '-H',
    "x-quote: it's $(id)",
    '-H',
    'x-empty;',
    '-H',
    'x-break: ab',
    '--data-raw',
    '{}',
  ]);
});

it('drops control characters from the URL', () => {
  const { args } = run(toCurl({ url: `http://localhost/'\u001b\n`, headers: {}, body: '{}' }));
  expect(args[3]).toBe(`http://localhost/'`);
});
