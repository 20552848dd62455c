import { lookup, Resolver } from 'node:dns/promises';

/** Queries the addresses of a host name: one answer per address family, in order of preference. */
export type Resolve = (hostname: string) => readonly Promise<readonly string[]>[];

/** Queries the operating system, which also knows names of the local machine. For local work only. */
export const resolveLocal: Resolve = (hostname) => [
  lookup(hostname, { all: true }).then((answers) => answers.map(({ address }) => address)),
];

/**
 * Creates a resolver that queries DNS only. The system's `lookup` shares four threads among the whole process, and one
 * silent name server would block them for every endpoint.
 */
export function createDnsResolve(): Resolve {
  const resolver = new Resolver({ timeout: 1_000, tries: 3 });
  return (hostname) => [resolver.resolve6(hostname), resolver.resolve4(hostname)];
}
