/** A place in a line: who has it goes on when those before have left, or when their time is up. */
export interface Line {
  /**
   * Waits for its turn. Resolves to the function that leaves the line.
   *
   * @param deadlineMs - When this one's time is up, in milliseconds since 1970.
   * @throws the signal's reason.
   */
  enter(deadlineMs: number, signal: AbortSignal): Promise<() => void>;
}

/**
 * One at a time, in order of arrival. A serverless runtime may end a request without another word, and its
 * place with it; so nobody waits for anyone longer than that one's own deadline.
 */
export function createLine(): Line {
  let last: { readonly left: Promise<void>; readonly deadlineMs: number } | undefined;

  async function waitFor(before: NonNullable<typeof last>, signal: AbortSignal): Promise<void> {
    let stop: () => void = () => undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
      timer = setTimeout(resolve, Math.max(0, before.deadlineMs - Date.now()));
    });
    signal.addEventListener('abort', stop);
    await Promise.race([before.left, stopped]);
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
  }

  return {
    async enter(deadlineMs, signal) {
      const before = last;
      let leave: () => void = () => undefined;
      const left = new Promise<void>((resolve) => {
        leave = resolve;
      });
      const mine = { left, deadlineMs };
      last = mine;
      try {
        signal.throwIfAborted();
        if (before) await waitFor(before, signal);
      } catch (error) {
        // Whoever is behind must still wait for those before.
        void (before?.left ?? Promise.resolve()).then(leave);
        throw error;
      }
      return () => {
        leave();
        if (last === mine) last = undefined;
      };
    },
  };
}
