// Holds package.json's exports, tsup's entries and the files on disk together.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');
const manifest = JSON.parse(text('package.json')) as {
  exports: Record<string, unknown>;
  dependencies?: unknown;
  devDependencies: Record<string, string>;
  main: string;
  types: string;
};
const { default: tsup } = (await import(new URL('tsup.config.ts', root).href)) as {
  default: { entry: Record<string, string> };
};

const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json');
const nameOf = (subpath: string) => (subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-'));

it('has one tsup entry per exported subpath, and none besides', () => {
  expect(Object.keys(tsup.entry).sort()).toEqual(subpaths.map(nameOf).sort());
});

it('has types of its own for each condition of each subpath', () => {
  for (const subpath of subpaths) {
    const name = nameOf(subpath);
    expect(manifest.exports[subpath]).toEqual({
      import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
    });
  }
  expect([manifest.main, manifest.types]).toEqual(['./dist/index.cjs', './dist/index.d.ts']);
});

it('has the sources that the entries name, and exports every adapter', () => {
  for (const source of Object.values(tsup.entry))
    expect(existsSync(new URL(source, root)), source).toBe(true);
  const shared = ['body-deadline.ts', 'incoming-message.ts', 'web-request.ts', 'middleware-options.ts'];
  const adapters = readdirSync(new URL('adapters/', root)).filter((file) => !shared.includes(file));
  for (const file of adapters) expect(manifest.exports).toHaveProperty([`./${file.replace('.ts', '')}`]);
});

it('has built what it exports', () => {
  for (const subpath of subpaths) {
    for (const ending of ['js', 'cjs', 'd.ts', 'd.cts']) {
      const file = `dist/${nameOf(subpath)}.${ending}`;
      expect(existsSync(new URL(file, root)), `${file} is missing: npm run build`).toBe(true);
    }
  }
});

it('has no runtime dependencies, and exact versions of the others', () => {
  expect(manifest.dependencies).toBeUndefined();
  for (const [name, version] of Object.entries(manifest.devDependencies)) {
    expect(version, name).toMatch(/^(?:npm:[a-z]+@)?\d+\.\d+\.\d+$/);
  }
});

it('exports explicitly: no export *, no default export', () => {
  for (const folder of ['src/', 'adapters/']) {
    for (const file of readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      expect(text(folder + file), file).not.toMatch(/^export (?:\*|default)/m);
    }
  }
});

it('names no runtime import in what it builds', () => {
  for (const file of readdirSync(new URL('dist/', root))) {
    if (!/\.(?:js|cjs)$/.test(file)) continue;
    const imports = [...text(`dist/${file}`).matchAll(/(?:from|import|require\()\s*['"]([^'"]+)['"]/g)].map(
      ([, path]) => path,
    );
    expect(
      imports.filter((path) => !path?.startsWith('./')),
      file,
    ).toEqual([]);
  }
});
