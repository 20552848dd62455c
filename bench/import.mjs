// Measures the milliseconds that importing the package adds to an empty process: median of interleaved starts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const rounds = Number(process.env.BENCH_ROUNDS ?? 41);
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const files = {
  empty: '',
  '@hostwares/webhooks': `import ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};`,
};
const times = {};
for (const [name, code] of Object.entries(files)) {
  times[name] = [];
  writeFileSync(join(folder, `${name.replace(/\W/g, '')}.mjs`), code);
}
for (let round = -2; round < rounds; round += 1) {
  for (const name of Object.keys(files)) {
    const start = process.hrtime.bigint();
    execFileSync(process.execPath, [join(folder, `${name.replace(/\W/g, '')}.mjs`)]);
    if (round >= 0) times[name].push(Number(process.hrtime.bigint() - start) / 1e6);
  }
}
rmSync(folder, { recursive: true });
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const added = median(times['@hostwares/webhooks'].map((time, round) => time - times.empty[round]));
console.log(`Import: ${added.toFixed(1)} ms over an empty process of ${median(times.empty).toFixed(1)} ms`);
