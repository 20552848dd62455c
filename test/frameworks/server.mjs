import { once } from 'node:events';
import { createServer } from 'node:http';

/** Serves a request listener on a free port of the loopback interface. */
export async function serve(listener, path = '/webhooks/hostwares') {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}${path}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
