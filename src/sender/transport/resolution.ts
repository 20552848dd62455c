import type { Resolve } from './resolvers.js';

/** The addresses of a host that the name server returned in time. */
export interface Resolution {
  readonly addresses: readonly string[];
  /** The addresses of a family whose answer is still pending. */
  readonly late?: Promise<readonly string[]>;
}

type Answer = readonly string[];

/** How long the answer for one family waits for the other (RFC 8305, section 3). */
const resolutionDelayMs = 250;
/** Our reading: how long an attempt waits for a silent name server. */
const resolutionTimeoutMs = 5_000;

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
 * Waits for every answer, or for 250 ms after the first one that has an address.
 *
 * @returns the answers in the same order; undefined for those still pending.
 */
function waitForAnswers(answers: readonly Promise<Answer>[]): Promise<readonly (Answer | undefined)[]> {
  return new Promise((resolve, reject) => {
    const answered: (Answer | undefined)[] = answers.map(() => undefined);
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
 * Resolves a host name. Uses the answer for one address family if the other's is more than 250 ms later, and gives up
 * a silent name server after 5 s.
 *
 * @param check - Returns the addresses, or throws if one of them must not be connected to.
 * @throws the error of `check`; the resolver's error if no family has an address.
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
  // The caller may never await it.
  late.catch(() => undefined);
  return { addresses, late };
}
