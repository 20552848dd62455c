/** Runs one piece of work at a time, in the order it was handed in. */
export type SerialExecutor = <Value>(work: () => Promise<Value>) => Promise<Value>;

export function createSerialExecutor(): SerialExecutor {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const run = last.then(work);
    last = run.catch(() => undefined);
    return run;
  };
}
