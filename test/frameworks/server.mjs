import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';

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

/** Serves a function from Request to Response, for frameworks that bring no server for Node. */
export function serveFetch(handle) {
  return serve(async (incoming, outgoing) => {
    const headers = new Headers();
    for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
      headers.append(incoming.rawHeaders[i], incoming.rawHeaders[i + 1]);
    }
    const { method } = incoming;
    const body = method === 'GET' || method === 'HEAD' ? undefined : Readable.toWeb(incoming);
    const request = new Request(`http://localhost${incoming.url}`, { method, headers, body, duplex: 'half' });
    const response = await handle(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  });
}
