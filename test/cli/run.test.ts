import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.js';
import { createTestContext } from '../support/cli-context.js';

async function run(...args: string[]) {
  const context = createTestContext();
  const code = await runCli(args, context);
  return { code, out: context.out(), err: context.err() };
}

const commands = ['dev', 'trigger', 'sign', 'verify', 'tail'];

describe('the command line', () => {
  it('lists every command in --help', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    for (const name of commands) expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  });

  it.each(commands)('shows examples and exit codes in %s --help', async (name) => {
    const { code, out, err } = await run(name, '--help');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`$ hostwares-webhooks ${name}`);
    expect(out).toContain('Exit codes:');
  });

  it('prints its version', async () => {
    expect(await run('--version')).toEqual({ code: 0, out: '0.0.0\n', err: '' });
  });

  it('answers a misspelt command with the nearest one', async () => {
    const { code, err } = await run('triger');
    expect(code).toBe(2);
    expect(err).toContain("unknown command 'triger'\n(Did you mean trigger?)");
  });

  it.each(commands)('answers a misspelt flag of %s with the nearest one', async (name) => {
    const { code, err } = await run(name, '--jsom');
    expect(code).toBe(2);
    expect(err).toContain("unknown option '--jsom'\n(Did you mean --json?)");
  });

  it('exits with 2 without a command, and shows the help', async () => {
    const { code, err } = await run();
    expect(code).toBe(2);
    expect(err).toContain('Usage: hostwares-webhooks');
  });

  it('escapes a hostile argument in its error', async () => {
    const { err } = await run('\x1b[2Jdev');
    expect(err).not.toContain('\x1b');
  });
});
