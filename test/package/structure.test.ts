// Compares package.json's exports, tsup's entries and the files on disk.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');
const manifest = JSON.parse(text('package.json')) as {
  exports: Record<string, unknown>;
  typesVersions: Record<'*', Record<string, string[]>>;
  dependencies?: unknown;
  devDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
  main: string;
  types: string;
};
const { default: tsup } = (await import(new URL('tsup.config.ts', root).href)) as {
  default: { entry: Record<string, string> };
};

const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json');
const nameOf = (subpath: string) => (subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-'));

it('tsup has exactly one entry for each exported subpath, and one for the command line', () => {
  expect(Object.keys(tsup.entry).sort()).toEqual([...subpaths.map(nameOf), 'cli'].sort());
});

it('package.json has types for each condition of each subpath', () => {
  for (const subpath of subpaths) {
    const name = nameOf(subpath);
    expect(manifest.exports[subpath]).toEqual({
      import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
    });
  }
  expect([manifest.main, manifest.types]).toEqual(['./dist/index.cjs', './dist/index.d.ts']);
});

it('package.json has typesVersions for each subpath, for moduleResolution: node10', () => {
  const paths = subpaths.filter((path) => path !== '.');
  const expected = paths.map((path) => [path.slice(2), [`./dist/${nameOf(path)}.d.ts`]]);
  expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(expected) as unknown });
});

it('every tsup entry exists, and every adapter is exported', () => {
  for (const source of Object.values(tsup.entry))
    expect(existsSync(new URL(source, root)), source).toBe(true);
  const adapters = readdirSync(new URL('adapters/', root)).filter((file) => file.endsWith('.ts'));
  for (const file of adapters) expect(manifest.exports).toHaveProperty([`./${file.replace('.ts', '')}`]);
});

it('every exported file is built', () => {
  for (const subpath of subpaths) {
    for (const ending of ['js', 'cjs', 'd.ts', 'd.cts']) {
      const file = `dist/${nameOf(subpath)}.${ending}`;
      expect(existsSync(new URL(file, root)), `${file} is missing: npm run build`).toBe(true);
    }
  }
});

it('package.json has no runtime dependencies, and exact versions of development dependencies', () => {
  expect(manifest.dependencies).toBeUndefined();
  for (const [name, version] of Object.entries(manifest.devDependencies)) {
    expect(version, name).toMatch(/^(?:npm:[a-z]+@)?\d+\.\d+\.\d+$/);
  }
});

it('sources use neither export * nor default exports', () => {
  for (const folder of ['src/', 'adapters/']) {
    for (const file of readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      expect(text(folder + file), file).not.toMatch(/^export (?:\*|default)/m);
    }
  }
});

/** Returns the packages that a built file imports, directly or through other built files. */
function importsOf(entry: string): Set<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const look = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    // Comments of bundled libraries contain examples with imports.
    const code = text(`dist/${file}`).replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [, path] of code.matchAll(
      /(?<!['"\w.])(?:from|import|require\(|import\()\s*['"]([^'"\n]+)['"]/g,
    )) {
      if (path!.startsWith('./')) look(path!.slice(2));
      else packages.add(path!);
    }
  };
  look(entry);
  return packages;
}

it.each(subpaths.flatMap((path) => [`${nameOf(path)}.js`, `${nameOf(path)}.cjs`]))(
  '%s imports no package, except peers in the sender and the queues',
  (file) => {
    const packages = [...importsOf(file)].filter((path) => !path.startsWith('node:'));
    expect(packages.filter((path) => !(path in manifest.peerDependencies))).toEqual([]);
    if (!/^(?:sender|emulator|bullmq)/.test(file)) expect([...importsOf(file)]).toEqual([]);
  },
);

it('every peer dependency is optional', () => {
  expect(Object.keys(manifest.peerDependenciesMeta)).toEqual(Object.keys(manifest.peerDependencies));
  for (const { optional } of Object.values(manifest.peerDependenciesMeta)) expect(optional).toBe(true);
});

it('docs/errors has a page for each error code', () => {
  const table = /const statusByCode = \{([\s\S]+?)\}/.exec(text('src/errors.ts'))![1]!;
  const codes = [...table.matchAll(/(\w+): \d{3}/g)].map(([, code]) => `${code}.md`);
  expect(codes.length).toBeGreaterThan(19);
  expect(readdirSync(new URL('docs/errors/', root)).sort()).toEqual([...codes, 'README.md'].sort());
});

it.each(Object.entries(tsup.entry).filter(([name]) => name !== 'cli'))(
  '%s has an @module comment that names its subpath',
  (name, source) => {
    const subpath = subpaths.find((path) => nameOf(path) === name)!;
    const expected = subpath === '.' ? 'index' : subpath.slice(2);
    expect(/^\/\*\*(?:[^*]|\*(?!\/))* @module (\S+)\n \*\/\n/.exec(text(source))?.[1]).toBe(expected);
  },
);
