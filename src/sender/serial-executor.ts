/** Runs one task at a time, in the order in which tasks were added. A task that rejects does not stop the next one. */
export type SerialExecutor = <Value>(task: () => Promise<Value>) => Promise<Value>;

export function createSerialExecutor(): SerialExecutor {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task);
    last = run.catch(() => undefined);
    return run;
  };
}

/** One {@link SerialExecutor} per key: tasks of one key run in order, tasks of different keys side by side. */
export interface KeyedExecutor {
  /** Returns true while a task of this key runs or waits. */
  isBusy(key: string): boolean;
  run<Value>(key: string, task: () => Promise<Value>): Promise<Value>;
}

export function createKeyedExecutor(): KeyedExecutor {
  /** Holds only the keys that have tasks. */
  const queues = new Map<string, { readonly run: SerialExecutor; tasks: number }>();
  return {
    isBusy: (key) => queues.has(key),
    async run(key, task) {
      const queue = queues.get(key) ?? { run: createSerialExecutor(), tasks: 0 };
      queues.set(key, queue);
      queue.tasks += 1;
      try {
        return await queue.run(task);
      } finally {
        queue.tasks -= 1;
        if (queue.tasks === 0) queues.delete(key);
      }
    },
  };
}
