/** Admits one holder at a time, in order of arrival. */
export interface FifoMutex {
  /**
   * Waits until every predecessor has released or has passed its deadline. Resolves to the release function.
   *
   * @param deadlineMs - The caller's own deadline, in milliseconds since 1970.
   * @throws the signal's reason.
   */
  acquire(deadlineMs: number, signal: AbortSignal): Promise<() => void>;
}

interface Holder {
  readonly released: Promise<void>;
  readonly deadlineMs: number;
}

/** Resolves when the holder releases or its deadline passes; rejects when the signal fires. */
async function waitFor({ released, deadlineMs }: Holder, signal: AbortSignal): Promise<void> {
  let stop: () => void = () => undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
    timer = setTimeout(resolve, Math.max(0, deadlineMs - Date.now()));
  });
  signal.addEventListener('abort', stop);
  await Promise.race([released, stopped]);
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
}

/**
 * A serverless runtime may end a request silently, and its holder then never releases. So no caller waits
 * for a predecessor longer than that predecessor's deadline.
 */
export function createFifoMutex(): FifoMutex {
  let last: Holder | undefined;
  return {
    async acquire(deadlineMs, signal) {
      const predecessor = last;
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      last = { released, deadlineMs };
      try {
        signal.throwIfAborted();
        if (predecessor) await waitFor(predecessor, signal);
      } catch (error) {
        // Successors must still wait for the predecessors.
        void (predecessor?.released ?? Promise.resolve()).then(release);
        throw error;
      }
      return release;
    },
  };
}
