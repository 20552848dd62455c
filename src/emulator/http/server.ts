import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';

/** A server that listens on loopback. */
export interface RunningServer {
  readonly url: string;
  /** Closes all connections. */
  close(): Promise<void>;
}

function describeListenError(error: NodeJS.ErrnoException, port: number): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken by another process. Stop that process, or use port 0 for a free port (--port 0).`,
    EACCES: `Port ${port} needs more rights than this process has. Use a port above 1023, or port 0 for a free one.`,
  };
  return new Error(
    reasons[error.code ?? ''] ?? `The server cannot listen on port ${port}: ${error.message}`,
    {
      cause: error,
    },
  );
}

/** @throws `Error` if the port is taken */
export async function startServer(
  fetch: (request: Request) => Response | Promise<Response>,
  port: number,
): Promise<RunningServer> {
  // Without the override, the Request and Response of the user's tests stay those of Node.
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: unknown) => {
    throw describeListenError(error as NodeJS.ErrnoException, port);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
