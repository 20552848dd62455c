import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { findSecret, requireSecret } from '../../src/cli/secret.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder();
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(folder, 'case-'));
});

const fromEnvironment = { HOSTWARES_WEBHOOK_SECRET: 'whsec_of_the_environment' };

function writeEnvFile(text: string): void {
  writeFileSync(join(cwd, '.env'), text);
}

it('prefers the flag to the environment, and the environment to .env', () => {
  writeEnvFile('HOSTWARES_WEBHOOK_SECRET=whsec_of_the_file\n');
  expect(findSecret({ cwd, env: fromEnvironment }, 'whsec_of_the_flag')).toEqual({
    secret: 'whsec_of_the_flag',
    source: '--secret',
  });
  expect(findSecret({ cwd, env: fromEnvironment }, undefined)?.source).toBe('the environment');
  expect(findSecret({ cwd, env: {} }, undefined)).toEqual({ secret: 'whsec_of_the_file', source: '.env' });
});

it('reads quotes and comments of .env', () => {
  writeEnvFile('# ours\nOTHER=1\nexport HOSTWARES_WEBHOOK_SECRET="whsec_# quoted" # comment\n');
  expect(findSecret({ cwd, env: {} }, undefined)?.secret).toBe('whsec_# quoted');
});

it('returns undefined if there is no .env, and if the variable is blank', () => {
  expect(findSecret({ cwd, env: {} }, undefined)).toBeUndefined();
  writeEnvFile('HOSTWARES_WEBHOOK_SECRET=\n');
  expect(findSecret({ cwd, env: { HOSTWARES_WEBHOOK_SECRET: ' ' } }, undefined)).toBeUndefined();
});

it('rejects a blank flag, although the environment has a secret', () => {
  expect(() => findSecret({ cwd, env: fromEnvironment }, '')).toThrow('--secret is blank');
});

it('rejects a .env that cannot be read', () => {
  mkdirSync(join(cwd, '.env'));
  expect(() => findSecret({ cwd, env: {} }, undefined)).toThrow('.env cannot be read');
});

it('says where a secret may be set if one is required and there is none', () => {
  expect(() => requireSecret({ cwd, env: {} }, undefined)).toThrow(
    'No secret. Pass --secret, or set HOSTWARES_WEBHOOK_SECRET in the environment or in .env.',
  );
});
