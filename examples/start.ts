// Starts one of the example servers on a free port, for the demo and the tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface RunningExample {
  /** Where it listens, such as `http://127.0.0.1:40123`. */
  url: string;
  /** What it has printed so far. */
  log: string[];
  stop(): Promise<void>;
}

/** @param file - Relative to this folder, such as `express/server.ts`. */
export async function startExample(file: string, secret: string): Promise<RunningExample> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    env: { ...process.env, HOSTWARES_WEBHOOK_SECRET: secret, PORT: '0', NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const log: string[] = [];
  const port = new Promise<string>((resolve, reject) => {
    const onLine = (line: string) => {
      log.push(line);
      const match = /^listening on .*port: (\d+)/.exec(line);
      if (match?.[1]) resolve(match[1]);
    };
    createInterface({ input: child.stdout }).on('line', onLine);
    createInterface({ input: child.stderr }).on('line', onLine);
    child.once('close', () => {
      reject(new Error(`${file} ended before it listened:\n${log.join('\n')}`));
    });
  });
  return {
    url: `http://127.0.0.1:${await port}`,
    log,
    async stop() {
      child.kill();
      await exited;
    },
  };
}
