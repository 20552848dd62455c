import type { EmulatorClock } from '../types.js';

/** How long an action waits for the clock before it answers, in milliseconds. */
const patienceMs = 2_000;

/** Moves the clock, possibly for longer than a browser should wait: a slow endpoint takes 15 s per attempt. */
export class ClockRunner {
  private running: Promise<unknown> | undefined;
  /** The reason why the last move failed; undefined if it did not. */
  lastError: string | undefined;

  constructor(private readonly clock: EmulatorClock) {}

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** Starts a move unless one is under way. Resolves to its result, or to undefined if it takes longer than 2 s. */
  async run<Result>(move: (clock: EmulatorClock) => Promise<Result>): Promise<Result | 'running'> {
    if (this.running) return 'running';
    this.lastError = undefined;
    const moved = move(this.clock);
    this.running = moved
      .catch((error: unknown) => {
        this.lastError = error instanceof Error ? error.message : String(error);
      })
      .finally(() => {
        this.running = undefined;
      });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<'running'>((resolve) => {
      timer = setTimeout(resolve, patienceMs, 'running');
    });
    try {
      return await Promise.race([moved, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}
