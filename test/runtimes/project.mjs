// The packed package in a project of its own: what users have, not what this checkout has.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
