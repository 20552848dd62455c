// For crash tests: three processes behind one port, each started again when it was killed. Says on its output where they listen once all
// three do, which were killed, and which ended by themselves; each line on its input does away with one of them.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

/** @param {(worker: import('node:cluster').Worker) => unknown} kill - What is done to one that is chosen at random. */
export async function keepThree(kill) {
  const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
  // One port for all who come: with 0, a time without any process would end in another port.
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();

  /** Those that are at work: a kill of one that only starts would fall on nothing. */
  const atWork = new Set();
  let killsToCome = 0;
  const killOne = () => {
    if (killsToCome === 0 || atWork.size === 0) return;
    const chosen = [...atWork][Math.floor(Math.random() * atWork.size)];
    killsToCome -= 1;
    atWork.delete(chosen);
    kill(chosen);
  };
  const start = () =>
    new Promise((resolve) => {
      const worker = cluster.fork({ PORT: port });
      worker.on('listening', () => {
        atWork.add(worker);
        resolve();
        killOne();
      });
      // One that is no more takes no message.
      worker.on('error', () => undefined);
    });
  cluster.on('exit', (worker, _, signal) => {
    atWork.delete(worker);
    say({ [signal === 'SIGKILL' ? 'killed' : 'died']: worker.process.pid });
    if (signal === 'SIGKILL') void start();
  });
  createInterface({ input: process.stdin })
    .on('line', () => {
      killsToCome += 1;
      killOne();
    })
    .on('close', () => process.exit());
  await Promise.all([start(), start(), start()]);
  say({ port });
}
