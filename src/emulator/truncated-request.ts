import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { AttemptResult } from '../sender/records.js';
import type { OutgoingRequest } from '../sender/transport/transport.js';

function connect({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'https:') return connectPlain({ host, port: Number(port || 80) });
  // An IP address is not a valid server name (RFC 6066).
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port: Number(port || 443), ALPNProtocols: ['http/1.1'], ...name });
}

/** The request line and the headers. A URL that was parsed has no line breaks, and the sender's headers have none. */
function toHead({ headers, body }: OutgoingRequest, { host, pathname, search }: URL): string {
  const lines = Object.entries({ host, ...headers, 'content-length': String(body.length) });
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${pathname}${search} HTTP/1.1\r\n${fields.join('')}\r\n`;
}

function addressOf({ remoteAddress, remotePort, remoteFamily }: Socket): string | undefined {
  if (remoteAddress === undefined) return undefined;
  return `${remoteFamily === 'IPv6' ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}

/**
 * Sends the headers and half of the body, and closes the connection.
 *
 * @param closing - Closes the connection at once.
 */
export function sendTruncated(request: OutgoingRequest, closing: AbortSignal): Promise<AttemptResult> {
  const { body, timeoutMs } = request;
  const target = new URL(request.url);
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect(target);
    const end = (error: string): void => {
      clearTimeout(deadline);
      closing.removeEventListener('abort', abort);
      const address = addressOf(socket);
      socket.destroy();
      resolve({ address, error, timings: { totalMs: Math.round(performance.now() - startedMs) } });
    };
    const abort = (): void => {
      end('the emulator was stopped');
    };
    const deadline = setTimeout(() => {
      end(`timeout after ${timeoutMs / 1000} s`);
    }, timeoutMs);
    closing.addEventListener('abort', abort);
    // Not `once`: a second error without a listener would end the process.
    socket.on('error', ({ message }) => {
      end(message);
    });
    socket.once(target.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      socket.write(toHead(request, target));
      socket.write(body.subarray(0, body.length >> 1), (error) => {
        end(error?.message ?? 'the connection was closed on purpose');
      });
    });
  });
}
