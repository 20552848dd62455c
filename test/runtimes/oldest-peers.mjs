// Tries the packed package with the oldest version of each optional peer that package.json accepts. The queues need a Redis and
// a Postgres, at REDIS_URL and POSTGRES_URL or on this machine.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { copyInto, createProject, createReport, here, pack, root } from './project.mjs';

const run = promisify(execFile);
const report = createReport();
const tarball = pack();
const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

for (const [peer, range] of Object.entries(peerDependencies)) {
  const installed = join(here, 'node_modules', `${peer}-oldest`);
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  await report.check(`${peer} ${version}`, async () => {
    const oldest = range.replace('>=', '');
    if (!`${version}.`.startsWith(`${oldest}.`))
      throw new Error(`package.json accepts ${range}, but ${peer}-oldest is ${version}`);
    const project = createProject(`oldest-${peer}`, tarball);
    const link = join(project, 'node_modules', peer);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(installed, link);
    writeFileSync(join(project, 'package.json'), '{"private":true,"type":"module"}');
    copyInto(project, `test/runtimes/oldest/${peer}.mjs`, 'test/runtimes/oldest/queue.mjs');
    const { stdout } = await run(join(here, 'node_modules/node24/bin/node'), [join(project, `${peer}.mjs`)], {
      timeout: 60_000,
    });
    return stdout.trim();
  });
}
report.end();
