// Starts one of the example servers on a free port, for the demo and the tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface RunningExample {
  /** The base URL, such as `http://127.0.0.1:40123`. A worker that does not listen has none. */
  url: string;
  /** The lines that it has printed so far. */
  log: string[];
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** Webhook URLs and a key of the right form that do not exist. */
export const providerEnv = {
  SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX',
  DISCORD_WEBHOOK_URL: 'https://discord.com/api/webhooks/100000000000000000/xxxxxxxxxxxxxxxxxxxxxxxx-xxxxx',
  PAGERDUTY_ROUTING_KEY: 'r0000000000000000000000000000000',
};

/**
 * Starts an example and waits until it listens or works.
 *
 * @param file - The path within this folder, such as `express/server.ts`.
 * @param fakeProvider - The base URL that receives the posts to Slack, Discord and PagerDuty.
 * @param env - Further variables of the environment.
 */
export async function startExample(
  file: string,
  secret: string,
  fakeProvider?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningExample> {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const preload = fakeProvider ? ['--import', new URL('reroute.ts', import.meta.url).href] : [];
  const child = spawn(process.execPath, [...preload, path(file)], {
    env: {
      ...process.env,
      ...(fakeProvider && { ...providerEnv, FAKE_PROVIDER: fakeProvider }),
      ...env,
      HOSTWARES_WEBHOOK_SECRET: secret,
      PORT: '0',
      NODE_NO_WARNINGS: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const log: string[] = [];
  const port = new Promise<string>((resolve, reject) => {
    const onLine = (line: string) => {
      log.push(line);
      const match = /^(?:listening on .*port: (\d+)|working$)/.exec(line);
      if (match) resolve(match[1] ?? '');
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
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
    },
  };
}
