import { afterEach, describe, expect, it, vi } from 'vitest';
import * as lib from '../../src/index.js';
import * as notifiers from '../../src/notifiers/index.js';
import * as testing from '../../src/testing/index.js';
import { conformanceCases } from './receiver-suite.js';
import { notifierCases } from './notifiers-suite.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('node:crypto', () => {
  for (const { name, run } of conformanceCases(lib, testing)) it(name, run);
});

describe('notifiers', () => {
  for (const { name, run } of notifierCases(notifiers, testing)) it(name, run);
});

describe('WebCrypto', async () => {
  vi.resetModules();
  const hidden = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
  const web = await import('../../src/index.js');
  const webTesting = await import('../../src/testing/index.js');
  const sign = vi.spyOn(crypto.subtle, 'sign');
  await web.signPayload('x', 'y'); // the engine is chosen at the first use
  const usesWebCrypto = sign.mock.calls.length > 0;
  hidden.mockRestore();

  it('is the engine of these tests', () => {
    expect(usesWebCrypto).toBe(true);
  });
  for (const { name, run } of conformanceCases(web, webTesting)) it(name, run);
});
