// Writes the public declarations of each subpath to api-report/, from the built dist/*.d.ts.
// node tools/docs/api-report.mjs [--check] [folder of the package]; --check fails on a difference instead.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const packageFolder = resolve(positionals[0] ?? root);
const reportFolder = join(root, 'api-report');
const { exports } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
const tempFolder = mkdtempSync(join(tmpdir(), 'api-report-'));
mkdirSync(join(tempFolder, 'accepted'));
mkdirSync(reportFolder, { recursive: true });

/** Removes notes about missing comments: the report is about declarations only. */
const withoutNotes = (report) =>
  report.replaceAll(/^ *\/\/ \(undocumented\)\n/gm, '').replaceAll(' (undocumented)\n', '\n');

/** `.` becomes `index`, `./replay/redis` becomes `replay-redis`. */
const nameOf = (subpath) => (subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-'));

let hasFailed = false;
for (const [subpath, conditions] of Object.entries(exports)) {
  if (!conditions.import) continue;
  const name = nameOf(subpath);
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(packageFolder, 'package.json'),
    configObject: {
      projectFolder: packageFolder,
      mainEntryPointFilePath: join(packageFolder, conditions.import.types),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'ES2022',
            lib: ['ES2022', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'],
            module: 'NodeNext',
            moduleResolution: 'NodeNext',
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: true,
            types: ['node'],
          },
          files: [join(packageFolder, conditions.import.types)],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: name,
        reportFolder: join(tempFolder, 'accepted'),
        reportTempFolder: tempFolder,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      message.handled = true;
    },
  });
  const report = withoutNotes(readFileSync(join(tempFolder, `${name}.api.md`), 'utf8'));
  const file = join(reportFolder, `${name}.api.md`);
  if (existsSync(file) && readFileSync(file, 'utf8') === report) continue;
  if (values.check) hasFailed = true;
  else writeFileSync(file, report);
  console.log(`${values.check ? 'differs' : 'written'}: api-report/${name}.api.md`);
}
rmSync(tempFolder, { recursive: true });
if (hasFailed) {
  console.error('The public declarations changed. Run `npm run api:report` and commit what it writes.');
  process.exitCode = 1;
}
