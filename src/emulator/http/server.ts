import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';

/** A server that listens on loopback. */
export interface RunningServer {
  readonly url: string;
  /** Lets requests end for a moment, and closes all connections. */
  close(): Promise<void>;
}

/** How long requests may take to end when the server is closed. Streams never end by themselves. */
const closeAfterMs = 250;

function describeListenError(error: NodeJS.ErrnoException, port: number): Error {
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} is taken by another process. Stop that process, or use port 0 for a free port (--port 0).`,
    EACCES: `Port ${port} needs more rights than this process has. Use a port above 1023, or port 0 for a free one.`,
  };
  const reason = reasons[error.code ?? ''] ?? `The server cannot listen on port ${port}: ${error.message}`;
  return new Error(reason, { cause: error });
}

/**
 * Returns a Request of Node. The adapter's own cannot be copied, which Hono's body limit does with a body without
 * Content-Length.
 */
function toPlainRequest({ url, method, headers, body, signal }: Request): Request {
  const init = { method, headers, signal, duplex: 'half' as const };
  return new Request(url, body ? { ...init, body } : init);
}

/** @throws `Error` if the port is taken */
export async function startServer(
  fetch: (request: Request) => Response | Promise<Response>,
  port: number,
  onError: (error: unknown) => unknown,
): Promise<RunningServer> {
  // Without the override, the Request and Response of the user's tests stay those of Node.
  const server = createAdaptorServer({
    fetch: (request) => fetch(toPlainRequest(request)),
    overrideGlobalObjects: false,
  }) as Server;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: unknown) => {
    throw describeListenError(error as NodeJS.ErrnoException, port);
  });
  // Accepting a connection can fail later, for example for lack of file descriptors.
  server.on('error', onError);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      const deadline = setTimeout(() => {
        server.closeAllConnections();
      }, closeAfterMs);
      await closed;
      clearTimeout(deadline);
    },
  };
}
