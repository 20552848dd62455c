// A fake of Slack, Discord and PagerDuty on this machine, for the demo and the tests.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface ReceivedPost {
  /** Path and query. */
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
  /** The time of arrival, in milliseconds since 1970. */
  at: number;
}

/** Responds to a post, or fails as a provider can. */
export type Answer = (response: ServerResponse, post: ReceivedPost) => void;

export const accept: Answer = (response, { path }) => {
  if (path.startsWith('/v2/enqueue')) response.writeHead(202).end('{"status":"success"}');
  else response.writeHead(200).end('ok');
};

export interface FakeProvider {
  /** The base URL, such as `http://127.0.0.1:40123`. */
  origin: string;
  posts: ReceivedPost[];
  stop(): Promise<void>;
}

/** @param answers - The answers to the first post, the second, and so on. Later posts are accepted. */
export async function startFakeProvider(answers: Answer[] = []): Promise<FakeProvider> {
  const posts: ReceivedPost[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      const post = { path: request.url ?? '', headers: request.headers, body, at: Date.now() };
      const answer = answers[posts.length] ?? accept;
      posts.push(post);
      answer(response, post);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
