import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

/** The name and port that a certificate is verified against. */
export interface TlsPeer {
  readonly hostname: string;
  readonly port: number;
}

const maxSessions = 1_000;

/** Encrypts connections, and resumes the TLS session of an earlier connection to the same origin. */
export class TlsClient {
  private readonly sessions = new Map<string, Buffer>();

  /**
   * Verifies the certificate against the host name of the URL, never against the address.
   *
   * @throws the signal's reason, or the error of the handshake.
   */
  encrypt(socket: Socket, peer: TlsPeer, signal: AbortSignal): Promise<TLSSocket> {
    const encrypted = this.connect(socket, peer);
    return new Promise((resolve, reject) => {
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
      encrypted.once('secureConnect', () => {
        signal.removeEventListener('abort', abort);
        resolve(encrypted);
      });
    });
  }

  private connect(socket: Socket, { hostname, port }: TlsPeer): TLSSocket {
    const origin = `${hostname}:${port}`;
    const encrypted = connect({
      socket,
      host: hostname,
      // An IP address is not a valid server name (RFC 6066).
      ...(isIP(hostname) === 0 && { servername: hostname }),
      session: this.sessions.get(origin),
      ALPNProtocols: ['http/1.1'],
    });
    encrypted.on('session', (session) => {
      this.remember(origin, session);
    });
    return encrypted;
  }

  private remember(origin: string, session: Buffer): void {
    if (this.sessions.size >= maxSessions) this.sessions.clear();
    this.sessions.set(origin, session);
  }
}
