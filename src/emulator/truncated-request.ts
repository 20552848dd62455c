import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { AttemptResult } from '../sender/records.js';
import type { OutgoingRequest } from '../sender/transport/transport.js';

function connect({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[|\]$/g, '');
  return protocol === 'https:'
    ? connectTls({ host, port: Number(port) || 443, servername: host })
    : connectPlain({ host, port: Number(port) || 80 });
}

/** Sends the headers and half of the body, and closes the connection. Never rejects. */
export function sendTruncated({ url, headers, body, timeoutMs }: OutgoingRequest): Promise<AttemptResult> {
  const target = new URL(url);
  const startedMs = performance.now();
  const lines = { host: target.host, ...headers, 'content-length': String(body.length) };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve) => {
    const end = (error: string): void => {
      socket.destroy();
      resolve({ error, timings: { totalMs: Math.round(performance.now() - startedMs) } });
    };
    const socket = connect(target);
    socket.setTimeout(timeoutMs, () => {
      end('timeout');
    });
    socket.once('error', ({ message }) => {
      end(message);
    });
    socket.once(target.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      socket.write(`POST ${target.pathname}${target.search} HTTP/1.1\r\n${head.join('')}\r\n`);
      socket.write(body.subarray(0, body.length >> 1), () => {
        end('the connection was closed on purpose');
      });
    });
  });
}
