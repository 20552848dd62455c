import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Creates a folder that is removed after the tests of the file or `describe` that called this. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hostwares-test-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
