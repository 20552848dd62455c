import { lookup, Resolver } from 'node:dns/promises';

/** Asks for the addresses of a host name: one answer for each address family, in order of preference. */
export type Resolve = (hostname: string) => readonly Promise<readonly string[]>[];

/** The addresses of a host, as far as they were answered in time. */
export interface Resolution {
  readonly addresses: readonly string[];
  /** The addresses of a family whose answer was not waited for. */
  readonly late?: Promise<readonly string[]>;
}

/** How long an answer for one family waits for the other (RFC 8305, section 3). */
const resolutionDelayMs = 250;
/** Our reading: a silent name server costs an attempt no more. */
const resolutionTimeoutMs = 5_000;

/** Asks the machine, which knows its own names: for local work. */
export const resolveLocal: Resolve = (hostname) => [
  lookup(hostname, { all: true }).then((answers) => answers.map(({ address }) => address)),
];

/**
 * Asks DNS only. The system's `lookup` has four threads for the whole process, and one silent name server would
 * take them from everybody.
 */
export function createDnsResolve(): Resolve {
  const resolver = new Resolver({ timeout: 1_000, tries: 3 });
  return (hostname) => [resolver.resolve6(hostname), resolver.resolve4(hostname)];
}

function withTimeout<Value>(promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`The name server did not answer within ${resolutionTimeoutMs} ms`));
    }, resolutionTimeoutMs);
    void promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}

/**
 * Waits until every answer is there, or soon after the first one that has an address.
 *
 * @returns the addresses of each answer, in the same order; `undefined` for those still pending.
 */
function waitForAnswers(
  answers: readonly Promise<readonly string[]>[],
): Promise<readonly (readonly string[] | undefined)[]> {
  return new Promise((resolve, reject) => {
    const answered: (readonly string[] | undefined)[] = answers.map(() => undefined);
    let pending = answers.length;
    let timer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      resolve(answered.slice());
    };
    answers.forEach((answer, position) => {
      answer.then((addresses) => {
        answered[position] = addresses;
        pending -= 1;
        if (pending === 0) finish();
        else if (addresses.length > 0) timer ??= setTimeout(finish, resolutionDelayMs);
      }, reject);
    });
  });
}

/**
 * Resolves a host name. An answer for one family is used if the other's is more than 250 ms behind, and a name
 * server that does not answer is given up after 5 s.
 *
 * @param check - Returns the addresses, or throws if one of them must not be connected to.
 * @throws what `check` throws; the resolver's error if no family has an address.
 */
export async function resolveName(
  resolve: Resolve,
  hostname: string,
  check: (addresses: readonly string[]) => readonly string[],
): Promise<Resolution> {
  const failures: unknown[] = [];
  const answers = resolve(hostname).map(async (answer) =>
    check(
      await withTimeout(answer).catch((error: unknown) => {
        failures.push(error);
        return [];
      }),
    ),
  );
  const answered = await waitForAnswers(answers);
  const addresses = answered.flatMap((each) => each ?? []);
  if (addresses.length === 0 && failures.length > 0) throw failures.at(-1);
  const pending = answers.filter((_, position) => answered[position] === undefined);
  if (pending.length === 0) return { addresses };
  const late = Promise.all(pending).then((families) => families.flat());
  // The caller may have no use for them.
  late.catch(() => undefined);
  return { addresses, late };
}
