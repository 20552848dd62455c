/**
 * Waits on the machine's clock, and no longer than until `earlier` resolves. Resolves to false if the signal was aborted
 * meanwhile.
 */
export function wait(
  ms: number,
  signal: AbortSignal,
  earlier: Promise<void> = new Promise(() => undefined),
): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(!signal.aborted);
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    void earlier.then(end);
    if (signal.aborted) end();
  });
}
