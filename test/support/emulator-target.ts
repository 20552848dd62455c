// A server that a test emulator sends to. It records what arrived, byte for byte.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterEach, beforeEach } from 'vitest';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.js';
import { close, listen } from './http-server.js';

export const secret = 'whsec_secret_of_the_emulator';

export interface Arrival {
  readonly headers: IncomingHttpHeaders;
  /** The bytes that arrived, also if the connection was closed before the end. */
  readonly body: Buffer;
  readonly isComplete: boolean;
}

export class Target {
  url!: string;
  /** Without pings. */
  arrivals: Arrival[] = [];
  /** Answers a delivery; `nth` counts from 1. */
  status: (nth: number) => number | Promise<number> = () => 200;
  private server!: Server;
  private waiters: (() => void)[] = [];

  async start(): Promise<void> {
    this.arrivals = [];
    this.status = () => 200;
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('close', () => {
        if (!request.complete)
          this.add({ headers: request.headers, body: Buffer.concat(chunks), isComplete: false });
      });
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        if (body.includes('"event":"ping"')) {
          response.end();
          return;
        }
        this.add({ headers: request.headers, body, isComplete: true });
        void Promise.resolve(this.status(this.arrivals.length)).then((status) => {
          response.writeHead(status).end();
        });
      });
    });
    // Longer than any test: closing an idle connection may cross with the next request.
    this.server.keepAliveTimeout = 120_000;
    this.url = `${await listen(this.server)}/hook`;
  }

  stop(): Promise<void> {
    return close(this.server);
  }

  /** Resolves when this many deliveries have arrived. */
  async received(count: number): Promise<readonly Arrival[]> {
    while (this.arrivals.length < count) await new Promise<void>((resolve) => this.waiters.push(resolve));
    return this.arrivals;
  }

  private add(arrival: Arrival): void {
    this.arrivals.push(arrival);
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}

/** Gives every test of the current suite a target and a function that starts emulators, which are stopped afterwards. */
export function useTarget(): {
  readonly target: Target;
  readonly start: (options?: EmulatorOptions) => Promise<Emulator>;
} {
  const target = new Target();
  let emulators: Emulator[] = [];
  beforeEach(() => target.start());
  afterEach(async () => {
    await Promise.all(emulators.map((each) => each.stop()));
    emulators = [];
    await target.stop();
  });
  return {
    target,
    async start(options) {
      const emulator = await startEmulator(options);
      emulators.push(emulator);
      return emulator;
    },
  };
}

/** Triggers an event for one endpoint, and returns the id of its delivery. */
export async function trigger(emulator: Emulator, event: string): Promise<string> {
  const { deliveries } = await emulator.trigger(event);
  if (deliveries.length !== 1) throw new Error(`${deliveries.length} deliveries, expected 1`);
  return deliveries[0]!.id;
}
