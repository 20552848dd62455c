/** Counts asynchronous work in progress. */
export class Work {
  private count = 0;
  private waiters: (() => void)[] = [];

  /** @param onEnd - Called after each piece of work. */
  constructor(private readonly onEnd: () => void) {}

  get isIdle(): boolean {
    return this.count === 0;
  }

  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    this.count += 1;
    try {
      return await work();
    } finally {
      this.count -= 1;
      for (const resolve of this.waiters.splice(0)) resolve();
      this.onEnd();
    }
  }

  /** Resolves when the next piece of work ends. */
  nextEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.waiters.push(resolve);
    });
  }

  async drain(): Promise<void> {
    while (!this.isIdle) await this.nextEnd();
  }
}
