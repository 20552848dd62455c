import { Agent, type ClientRequestArgs } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { openConnection, type Connection, type TlsSessions } from './connection.js';
import type { UrlGuard } from './url-guard.js';

/** How long an idle connection is kept. Servers of Node close theirs after 5 s. */
const keepAliveMs = 4_000;

/** A connection and the exchange that uses it at present. */
export interface PooledConnection extends Connection {
  /** Called with the number of bytes that arrived. Bytes on an idle connection close it. */
  onBytes: ((count: number) => void) | undefined;
  /** Whether an exchange has used it yet. */
  isUsed: boolean;
}

/** What a request passes through the agent's options to `createConnection`. */
export interface PoolRequestOptions extends ClientRequestArgs {
  readonly agent: ConnectionPool;
  readonly host: string;
  readonly port: number;
  /** Called if a connection has to be opened, with a function that aborts this. */
  readonly onConnecting: (abort: (reason: Error) => void) => void;
}

/** Keeps connections of one scheme alive and opens new ones to addresses that the guard has checked. */
export class ConnectionPool extends Agent {
  private readonly connections = new WeakMap<Duplex, PooledConnection>();
  private readonly sessions: TlsSessions = new Map();

  constructor(
    private readonly guard: UrlGuard,
    private readonly isSecure: boolean,
  ) {
    super({ keepAlive: true, timeout: keepAliveMs, scheduling: 'lifo' });
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
    const origin = { hostname: host, port, isSecure: this.isSecure };
    openConnection(origin, this.guard, this.sessions, connecting.signal).then(
      (connection) => {
        this.watch(connection);
        callback?.(null, connection.socket);
      },
      (error: unknown) => {
        // The agent gives the error to the request and looks at no socket.
        (callback as ((error: unknown) => void) | undefined)?.(error);
      },
    );
  }

  private watch(connection: Connection): void {
    const { socket } = connection;
    const pooled: PooledConnection = { ...connection, onBytes: undefined, isUsed: false };
    this.connections.set(socket, pooled);
    socket.on('data', ({ length }: Buffer) => {
      if (pooled.onBytes) pooled.onBytes(length);
      else socket.destroy();
    });
  }
}
