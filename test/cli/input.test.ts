import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { readInput } from '../../src/cli/input.js';
import { createTestContext } from '../support/cli-context.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const bytes = Uint8Array.of(0xff, 0x00, 0x0d, 0x0a, 0x7b);
const folder = temporaryFolder();
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(folder, 'case-'));
});

it('returns the exact bytes of a file, relative to the folder', async () => {
  writeFileSync(join(cwd, 'body.json'), bytes);
  const input = await readInput(createTestContext({ cwd }), 'body.json');
  expect(new Uint8Array(input.bytes)).toEqual(bytes);
  expect(input.name).toBe('body.json');
});

it.each(['-', undefined])('returns the exact bytes of standard input for %s', async (file) => {
  const input = await readInput(createTestContext({ stdin: bytes }), file);
  expect(new Uint8Array(input.bytes)).toEqual(bytes);
  expect(input.name).toBe('standard input');
});

it('rejects a missing file, a folder, and no input in a terminal', async () => {
  const context = createTestContext({ cwd, isStdinTTY: true });
  await expect(readInput(context, 'absent.json')).rejects.toMatchObject({
    message: 'There is no file absent.json. Name an existing file, or - for standard input.',
    exitCode: 3,
  });
  await expect(readInput(context, '.')).rejects.toThrow('. is a folder.');
  await expect(readInput(context, undefined)).rejects.toMatchObject({
    message: 'No input. Name a FILE, or pipe it to standard input.',
    exitCode: 2,
  });
});

it('reads a terminal for -, and says how to end', async () => {
  const context = createTestContext({ stdin: 'typed', isStdinTTY: true });
  expect((await readInput(context, '-')).bytes).toHaveLength(5);
  expect(context.err()).toContain('Ctrl-D');
});

it('rejects input above the limit, from a file and from standard input', async () => {
  writeFileSync(join(cwd, 'long'), 'x'.repeat(11));
  const context = createTestContext({ cwd, stdin: 'x'.repeat(11) });
  await expect(readInput(context, 'long', 10)).rejects.toThrow('long is longer than 10 bytes');
  await expect(readInput(context, '-', 10)).rejects.toThrow('standard input is longer than 10 bytes');
});

it('ends with 130 if Ctrl-C is pressed while standard input is open', async () => {
  async function* open(): AsyncGenerator<Uint8Array> {
    await new Promise(() => undefined);
  }
  const context = createTestContext({ stdin: open() });
  const reading = readInput(context, '-');
  context.interrupt();
  await expect(reading).rejects.toMatchObject({ message: '', exitCode: 130 });
});
