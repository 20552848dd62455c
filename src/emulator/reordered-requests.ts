/** Requests that wait until the next one to the same URL has ended. */
export class ReorderedRequests {
  private readonly waiting = new Map<string, Set<() => void>>();

  isWaiting(url: string): boolean {
    return this.waiting.has(url);
  }

  /** Waits with `wait` for the next request to the URL, and returns what `wait` resolves to. */
  async waitForNext<Value>(url: string, wait: (next: Promise<void>) => Promise<Value>): Promise<Value> {
    const waiters = this.waiting.get(url) ?? new Set();
    this.waiting.set(url, waiters);
    let release: () => void = () => undefined;
    const next = new Promise<void>((resolve) => {
      release = resolve;
    });
    waiters.add(release);
    try {
      return await wait(next);
    } finally {
      waiters.delete(release);
      if (waiters.size === 0) this.waiting.delete(url);
    }
  }

  /** Called when another request to the URL has ended. */
  release(url: string): void {
    for (const release of this.waiting.get(url) ?? []) release();
  }
}
