import { connect, type Socket } from 'node:net';
import type { Resolution } from './resolution.js';

/** The time after which the next address is tried beside those that have not answered (RFC 8305, section 5). */
const attemptDelayMs = 250;
/** Addresses tried per connection. A name with thousands of addresses must not make the sender scan a network. */
const maxAddresses = 10;

const isIpv6 = (address: string): boolean => address.includes(':');

/** Alternates the address families, beginning with that of the first address (RFC 8305, section 4). */
function interleave(addresses: readonly string[]): string[] {
  const [first = ''] = addresses;
  const preferred = addresses.filter((address) => isIpv6(address) === isIpv6(first));
  const others = addresses.filter((address) => isIpv6(address) !== isIpv6(first));
  return preferred
    .flatMap((address, position) => [address, ...others.slice(position, position + 1)])
    .concat(others.slice(preferred.length));
}

function toSingleError(errors: readonly Error[]): Error {
  const [first, ...others] = errors;
  if (!first) return new Error('The host has no address.');
  if (others.length === 0) return first;
  return new Error(
    `None of ${errors.length} addresses accepted a connection: ${errors.map(({ message }) => message).join('; ')}`,
  );
}

/** A connection that is being tried at several addresses at once. */
class Race {
  private readonly sockets = new Set<Socket>();
  private readonly errors: Error[] = [];
  private waiting: string[];
  private tried = 0;
  private isLatePending: boolean;
  private isSettled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    { addresses, late }: Resolution,
    private readonly port: number,
    private readonly done: (error: Error | undefined, socket?: Socket) => void,
  ) {
    this.waiting = interleave(addresses);
    this.isLatePending = late !== undefined;
    if (late) this.joinLate(late);
    this.tryNext();
  }

  /** Settles the race and closes every socket but the winner's. */
  settle(error: Error | undefined, winner?: Socket): void {
    if (this.isSettled) return;
    this.isSettled = true;
    clearTimeout(this.timer);
    for (const socket of this.sockets) if (socket !== winner) socket.destroy();
    this.done(error, winner);
  }

  private joinLate(late: Promise<readonly string[]>): void {
    late.then(
      (addresses) => {
        this.isLatePending = false;
        this.waiting = interleave([...addresses, ...this.waiting]);
        this.tryNext();
      },
      (error: unknown) => {
        this.settle(error as Error);
      },
    );
  }

  private tryNext(): void {
    if (this.isSettled) return;
    clearTimeout(this.timer);
    const address = this.tried < maxAddresses ? this.waiting.shift() : undefined;
    if (address !== undefined) this.tryAddress(address);
    else if (this.sockets.size === 0 && !this.isLatePending) this.settle(toSingleError(this.errors));
  }

  private tryAddress(address: string): void {
    this.tried += 1;
    const socket = connect({ host: address, port: this.port, noDelay: true, autoSelectFamily: false });
    this.sockets.add(socket);
    socket.once('connect', () => {
      this.settle(undefined, socket);
    });
    socket.on('error', (error) => {
      this.sockets.delete(socket);
      this.errors.push(error);
      this.tryNext();
    });
    this.timer = setTimeout(() => {
      this.tryNext();
    }, attemptDelayMs);
  }
}

/**
 * Connects to the first of a host's addresses that accepts (Happy Eyeballs, RFC 8305): the families alternate, and
 * after 250 ms without an answer the next address is tried as well. Node's `autoSelectFamily` instead gives up an
 * address after that time, so it would never reach one that is merely slow.
 *
 * @throws the signal's reason, or one error with the messages of all addresses.
 */
export function connectToFirst(resolution: Resolution, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const race = new Race(resolution, port, (error, socket) => {
      signal.removeEventListener('abort', abort);
      if (socket) resolve(socket);
      else reject(error ?? new Error('The connection failed.'));
    });
    function abort(): void {
      race.settle(signal.reason as Error);
    }
    signal.addEventListener('abort', abort);
  });
}
