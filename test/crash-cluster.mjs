// For crash tests: three processes behind one port, each started again when it was killed. Says on its output where they listen and
// which of them ended by themselves; each line on its input does away with one of them.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** @param {(worker: import('node:cluster').Worker) => unknown} kill - What is done to one that is chosen at random. */
export async function keepThree(kill) {
  const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
  // One port for all who come: with 0, a time without any process would end in another port.
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  const start = () => cluster.fork({ PORT: port }).on('listening', () => say({ port }));
  for (let each = 0; each < 3; each += 1) start();
  cluster.on('exit', (worker, _, signal) => {
    if (signal === 'SIGKILL') start();
    else say({ died: worker.process.pid });
  });
  process.stdin.on('data', () => {
    const workers = Object.values(cluster.workers);
    const chosen = workers[Math.floor(Math.random() * workers.length)];
    if (chosen) kill(chosen);
  });
  process.stdin.on('end', () => process.exit());
}
