import type { Socket } from 'node:net';
import { elapsedMs } from './elapsed.js';
import { connectToFirst } from './happy-eyeballs.js';
import type { TlsClient } from './tls.js';
import type { UrlGuard } from './url-guard.js';

/** The destination of a connection. */
export interface Origin {
  /** A host name, or an IP address without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** A connection, with its address and phases for the log of the attempt that opened it. */
export interface Connection {
  readonly socket: Socket;
  /** The remote address, with port. */
  readonly address: string;
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs?: number;
}

function addressOf({ remoteAddress = '', remotePort }: Socket, port: number): string {
  const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress;
  return `${host}:${remotePort ?? port}`;
}

/**
 * Opens a connection to an address that the guard has checked.
 *
 * @param tls - Encrypts the connection; undefined for `http:`.
 * @throws the signal's reason, or the error of the phase that failed.
 */
export async function openConnection(
  origin: Origin,
  guard: UrlGuard,
  tls: TlsClient | undefined,
  signal: AbortSignal,
): Promise<Connection> {
  const startMs = performance.now();
  const resolution = await guard.resolve(origin.hostname);
  const dnsMs = elapsedMs(startMs);
  signal.throwIfAborted();
  const connectStartMs = performance.now();
  const socket = await connectToFirst(resolution, origin.port, signal);
  const connectMs = elapsedMs(connectStartMs);
  const address = addressOf(socket, origin.port);
  if (!tls) return { socket, address, dnsMs, connectMs };
  const tlsStartMs = performance.now();
  const encrypted = await tls.encrypt(socket, origin, signal);
  return { socket: encrypted, address, dnsMs, connectMs, tlsMs: elapsedMs(tlsStartMs) };
}
