// The programs in README and docs/ compile, against the sources.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Returns the programs of a page as [path, code]; the paths lie in a folder that does not exist on disk. */
function filesOf(page: string): [string, string][] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)]
    .map(([, name, code]): [string, string] => [join(root, 'test', page, name!), code!])
    .filter(([path]) => !path.endsWith('/route.ts')); // Next's own build compiles it, in package-checks.mjs.
}
// Modules of the user that programs import.
const own: [string, string][] = [
  [
    'docs/replay.md/my-store.ts',
    "import type { ReplayStore } from '@hostwares/webhooks';\nexport declare function createMyStore(): ReplayStore;",
  ],
  [
    'docs/queues.md/my-queue.ts',
    `export declare function insert(id: string, text: string): Promise<void>;
     interface Job { text: string; attempt: number; done(): Promise<void>; failed(error: unknown): Promise<void> }
     export declare function take(): AsyncIterable<Job>;`,
  ],
].map(([name, code]) => [join(root, 'test', name!), code!]);

it('the programs in README and docs/ compile', () => {
  const files = new Map([...pages.flatMap(filesOf), ...own]);
  expect(files.has(join(root, 'test/README.md/server.ts'))).toBe(true);
  expect(files.has(join(root, 'test/docs/queues.md/queue.ts'))).toBe(true);
  expect(files.size).toBeGreaterThan(12);
  const configPath = join(root, 'test/tsconfig.json');
  const { config } = ts.readConfigFile(configPath, (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(configPath));
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    directoryExists: () => true,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    readFile: (path) => files.get(path) ?? disk.readFile(path),
    getSourceFile(path, language) {
      const code = files.get(path);
      return code === undefined
        ? disk.getSourceFile(path, language)
        : ts.createSourceFile(path, code, language);
    },
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const faults = [...files.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) =>
        `${path.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
  expect(faults).toEqual([]);
}, 60_000);
