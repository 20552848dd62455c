import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connectToFirst } from './happy-eyeballs.js';
import type { UrlGuard } from './url-guard.js';

/** Where a connection leads to: a host name, or a literal address without brackets. */
export interface Origin {
  readonly hostname: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** How a connection came about, for the log of the attempt that opened it. */
export interface Connection {
  readonly socket: Socket;
  /** The address connected to, with port. */
  readonly address: string;
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs?: number;
}

/** TLS sessions kept for resumption, by origin. */
export type TlsSessions = Map<string, Buffer>;
const maxSessions = 1_000;

export function since(startMs: number): number {
  return Math.round((performance.now() - startMs) * 10) / 10;
}

/** Encrypts a connection. The certificate is verified against the host of the URL, never against the address. */
function encrypt(
  socket: Socket,
  { hostname, port }: Origin,
  sessions: TlsSessions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const key = `${hostname}:${port}`;
  return new Promise((resolve, reject) => {
    const encrypted = connectTls({
      socket,
      host: hostname,
      // A literal address has no server name to ask for.
      ...(isIP(hostname) === 0 && { servername: hostname }),
      session: sessions.get(key),
      ALPNProtocols: ['http/1.1'],
    });
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      encrypted.destroy();
      reject(error);
    };
    const abort = (): void => {
      fail(signal.reason as Error);
    };
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    encrypted.on('error', fail);
    encrypted.on('session', (session) => {
      if (sessions.size >= maxSessions) sessions.clear();
      sessions.set(key, session);
    });
    encrypted.once('secureConnect', () => {
      signal.removeEventListener('abort', abort);
      resolve(encrypted);
    });
  });
}

/** Opens a connection to an address that the guard has checked. */
export async function openConnection(
  origin: Origin,
  guard: UrlGuard,
  sessions: TlsSessions,
  signal: AbortSignal,
): Promise<Connection> {
  const startMs = performance.now();
  const resolution = await guard.resolve(origin.hostname);
  const dnsMs = since(startMs);
  signal.throwIfAborted();
  const connectStartMs = performance.now();
  const plain = await connectToFirst(resolution, origin.port, signal);
  const connectMs = since(connectStartMs);
  const { remoteAddress = '', remotePort = origin.port } = plain;
  const address = `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
  if (!origin.isSecure) return { socket: plain, address, dnsMs, connectMs };
  const tlsStartMs = performance.now();
  const socket = await encrypt(plain, origin, sessions, signal);
  return { socket, address, dnsMs, connectMs, tlsMs: since(tlsStartMs) };
}
