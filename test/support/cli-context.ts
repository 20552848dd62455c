import type { CliContext } from '../../src/cli/context.js';

/** A context whose output can be read, and whose Ctrl-C can be pressed. */
export interface TestContext extends CliContext {
  /** Everything that was written to standard output. */
  readonly out: () => string;
  /** Everything that was written to standard error. */
  readonly err: () => string;
  /** Resolves once standard output and error together match. */
  readonly waitFor: (pattern: RegExp) => Promise<void>;
  /** Presses Ctrl-C. */
  readonly interrupt: () => void;
}

/** The parts of a context that a test may set. */
export interface TestContextOptions {
  readonly cwd?: string;
  readonly env?: CliContext['env'];
  /** What standard input contains: text or bytes, or chunks that arrive one by one. Empty by default. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly isStdinTTY?: boolean;
  readonly isStdoutTTY?: boolean;
}

async function* single(input: string | Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield typeof input === 'string' ? new TextEncoder().encode(input) : input;
}

/** Creates a context for a command under test. Its folder does not exist unless one is given. */
export function createTestContext(options: TestContextOptions = {}): TestContext {
  const { cwd = '/nonexistent', env = {}, stdin = '', isStdinTTY = false, isStdoutTTY = false } = options;
  const controller = new AbortController();
  const written = { out: '', err: '' };
  const waiting = new Set<() => void>();
  const createOutput = (stream: 'out' | 'err', isTTY: boolean) => ({
    isTTY,
    write(text: string) {
      written[stream] += text;
      for (const check of waiting) check();
    },
  });
  const isIterable = typeof stdin === 'object' && Symbol.asyncIterator in stdin;
  return {
    stdin: Object.assign(isIterable ? stdin : single(stdin), { isTTY: isStdinTTY }),
    stdout: createOutput('out', isStdoutTTY),
    stderr: createOutput('err', isStdoutTTY),
    env,
    cwd,
    signal: controller.signal,
    out: () => written.out,
    err: () => written.err,
    waitFor: (pattern) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!pattern.test(written.out + written.err)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    interrupt() {
      controller.abort();
    },
  };
}
