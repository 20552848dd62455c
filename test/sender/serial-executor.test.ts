import { describe, expect, it } from 'vitest';
import { createKeyedExecutor, createSerialExecutor } from '../../src/sender/serial-executor.js';

/** A task that ends when the test ends it, and records when it began. */
function createTasks() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const task = (name: string) => () => {
    begun.push(name);
    return new Promise<string>((resolve) => {
      ends.set(name, () => {
        resolve(name);
      });
    });
  };
  return { begun, task, end: (name: string) => ends.get(name)!() };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('createSerialExecutor', () => {
  it('begins a task when the previous one has ended, and returns its result', async () => {
    const { begun, task, end } = createTasks();
    const run = createSerialExecutor();
    const results = Promise.all([run(task('a')), run(task('b'))]);
    await nextTurn();
    expect(begun).toEqual(['a']);
    end('a');
    await nextTurn();
    expect(begun).toEqual(['a', 'b']);
    end('b');
    expect(await results).toEqual(['a', 'b']);
  });

  it('runs the next task after one that rejects', async () => {
    const run = createSerialExecutor();
    const failed = run(() => Promise.reject(new Error('failed')));
    const next = run(() => Promise.resolve('next'));
    await expect(failed).rejects.toThrow('failed');
    expect(await next).toBe('next');
  });
});

describe('createKeyedExecutor', () => {
  it('runs tasks of one key in order, and tasks of different keys side by side', async () => {
    const { begun, task } = createTasks();
    const executor = createKeyedExecutor();
    void executor.run('x', task('x1'));
    void executor.run('x', task('x2'));
    void executor.run('y', task('y1'));
    await nextTurn();
    expect(begun).toEqual(['x1', 'y1']);
  });

  it('is busy with a key until its last task has ended, even if that rejects', async () => {
    const { task, end } = createTasks();
    const executor = createKeyedExecutor();
    const first = executor.run('x', task('x1'));
    const last = executor.run('x', () => Promise.reject(new Error('failed')));
    expect([executor.isBusy('x'), executor.isBusy('y')]).toEqual([true, false]);
    await nextTurn();
    end('x1');
    await first;
    await expect(last).rejects.toThrow('failed');
    expect(executor.isBusy('x')).toBe(false);
  });
});
