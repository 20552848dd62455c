import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Opens a TCP connection, for requests that no HTTP client would send. */
export async function open(url: string): Promise<{ socket: Socket; answer: () => Promise<string> }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let received = '';
  let closed = false;
  let wake: (() => void) | undefined;
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    received += String(text);
    wake?.();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
    wake?.();
  });
  return {
    socket,
    /** Resolves to all bytes up to the end of the first response, or of the connection. */
    async answer() {
      while (!closed && !/\r\n\r\n.*\}$/s.test(received)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return received;
    },
  };
}

/** Formats the head of a POST request, for a connection from {@link open}. */
export function head(path: string, headers: Record<string, string | number>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n`;
}
