// Creates projects that contain the packed package, as users have it, instead of this checkout.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '../..');
/** Projects lie below this folder, so that frameworks and compilers resolve to its node_modules. */
export const work = join(here, '.work');

/** Packs the package and returns the tarball's path. Needs a build. */
export function pack() {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const out = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // npm 11 and earlier print an array, later versions an object keyed by name.
  const [{ filename }] = Object.values(JSON.parse(out));
  return join(work, filename.replace('@', '').replace('/', '-'));
}

/** Creates a project with the tarball unpacked where npm would put it. */
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

/** Returns the code blocks of a page, keyed by the file name in their first line. */
export const blocksOf = (page) =>
  new Map(
    [...readFileSync(join(root, page), 'utf8').matchAll(/```[tj]s\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(
      ([, name, code]) => [name, code],
    ),
  );

/** Runs one test file of a project with this checkout's Vitest. Rejects if a test fails or the file has none. */
export async function runVitest(project, file) {
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', project, file];
  await promisify(execFile)(join(here, 'node_modules/node24/bin/node'), args, {
    cwd: project,
    timeout: 60_000,
  });
}

/** Runs and counts checks. `end` prints the counts and sets the exit code. */
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
