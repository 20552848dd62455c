import type { Buffer } from 'node:buffer';
import { Agent, type ClientRequestArgs } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { openConnection, type Connection } from './connection.js';
import { TlsClient } from './tls.js';
import type { UrlGuard } from './url-guard.js';

/** How long an idle connection is kept. Node servers close theirs after 5 s. */
const keepAliveMs = 4_000;

/** A connection, and the exchange that currently uses it. */
export interface PooledConnection extends Connection {
  /** Called with the number of bytes that arrived. Bytes on an idle connection close it. */
  onBytes: ((count: number) => void) | undefined;
  /** Whether an exchange has used the connection yet. */
  isUsed: boolean;
}

/** The options that a request passes through the agent to `createConnection`. */
export interface PoolRequestOptions extends ClientRequestArgs {
  readonly agent: ConnectionPool;
  readonly host: string;
  readonly port: number;
  /** Called when a connection is being opened, with a function that aborts it. */
  readonly onConnecting: (abort: (reason: Error) => void) => void;
}

/** Keeps the connections of one scheme alive. Opens new ones only to addresses that the guard has checked. */
export class ConnectionPool extends Agent {
  private readonly connections = new WeakMap<Duplex, PooledConnection>();
  private readonly tls: TlsClient | undefined;

  constructor(
    private readonly guard: UrlGuard,
    isSecure: boolean,
  ) {
    super({ keepAlive: true, timeout: keepAliveMs, scheduling: 'lifo' });
    if (isSecure) this.tls = new TlsClient();
  }

  connectionOf(socket: Socket): PooledConnection | undefined {
    return this.connections.get(socket);
  }

  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const { host, port, onConnecting } = options as PoolRequestOptions;
    const connecting = new AbortController();
    onConnecting((reason) => {
      connecting.abort(reason);
    });
    openConnection({ hostname: host, port }, this.guard, this.tls, connecting.signal).then(
      (connection) => {
        this.add(connection);
        callback?.(null, connection.socket);
      },
      (error: unknown) => {
        // With an error the agent uses no socket, although its type requires one.
        (callback as ((error: unknown) => void) | undefined)?.(error);
      },
    );
  }

  private add(connection: Connection): void {
    const { socket } = connection;
    const pooled: PooledConnection = { ...connection, onBytes: undefined, isUsed: false };
    this.connections.set(socket, pooled);
    socket.on('data', ({ length }: Buffer) => {
      if (pooled.onBytes) pooled.onBytes(length);
      else socket.destroy();
    });
  }
}
