// For crash tests: keeps three processes behind one port and starts each again after it was killed. Each line on stdin kills one.
// Reports on stdout, as JSON: the port once all three listen, and the process ids of those that were killed or died by themselves.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

/** @param {(worker: import('node:cluster').Worker) => unknown} kill - Kills the worker, which was chosen at random. */
export async function keepThree(kill) {
  const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
  // The port is fixed, because with 0 the cluster chooses another one after a moment without any process.
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();

  /** Only workers that listen: killing one that is still starting would interrupt nothing. */
  const listening = new Set();
  let killsPending = 0;
  const killOne = () => {
    if (killsPending === 0 || listening.size === 0) return;
    const chosen = [...listening][Math.floor(Math.random() * listening.size)];
    killsPending -= 1;
    listening.delete(chosen);
    kill(chosen);
  };
  const start = () =>
    new Promise((resolve) => {
      const worker = cluster.fork({ PORT: port });
      worker.on('listening', () => {
        listening.add(worker);
        resolve();
        killOne();
      });
      // Sending a message to a worker that has just ended emits an error.
      worker.on('error', () => undefined);
    });
  cluster.on('exit', (worker, _, signal) => {
    listening.delete(worker);
    report({ [signal === 'SIGKILL' ? 'killed' : 'died']: worker.process.pid });
    if (signal === 'SIGKILL') void start();
  });
  createInterface({ input: process.stdin })
    .on('line', () => {
      killsPending += 1;
      killOne();
    })
    .on('close', () => process.exit());
  await Promise.all([start(), start(), start()]);
  report({ port });
}
