// The packed package in a project of its own: what users have, not what this checkout has.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '../..');
/** Below this folder, so that frameworks and compilers are found in its node_modules. */
export const work = join(here, '.work');

/** Packs the package. Returns the tarball's path. `dist` must have been built. */
export function pack() {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const out = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // npm 11 and older print a list, newer ones an object by name.
  const [{ filename }] = Object.values(JSON.parse(out));
  return join(work, filename.replace('@', '').replace('/', '-'));
}

/** A new project with the tarball unpacked where npm would put it. */
export function createProject(name, tarball) {
  const project = join(work, name);
  const target = join(project, 'node_modules/@hostwares/webhooks');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  return project;
}

export function copyInto(project, ...files) {
  for (const file of files) cpSync(join(root, file), join(project, file.split('/').at(-1)));
}

/** Code blocks of a page, by the file name in their first line. */
export const blocksOf = (page) =>
  new Map(
    [...readFileSync(join(root, page), 'utf8').matchAll(/```[tj]s\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(
      ([, name, code]) => [name, code],
    ),
  );

/** Runs one test file of a project with this checkout's vitest. Rejects if a test fails, or if there is none. */
export async function runVitest(project, file) {
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', project, file];
  await promisify(execFile)(join(here, 'node_modules/node24/bin/node'), args, {
    cwd: project,
    timeout: 60_000,
  });
}

/** Counts what was checked; the last line says how it went. */
export function createReport() {
  let passed = 0;
  let failed = 0;
  return {
    async check(name, act) {
      try {
        const detail = await act();
        passed += 1;
        console.log(`ok    ${name}${detail ? `: ${detail}` : ''}`);
      } catch (error) {
        failed += 1;
        console.log(
          `FAIL  ${name}\n${String(error?.stdout ?? '')}${String(error?.stderr ?? '')}${error?.message ?? error}\n`,
        );
      }
    },
    end() {
      console.log(`\n${passed} passed, ${failed} failed`);
      process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
    },
  };
}
