import type { Clock } from './clock.js';
import type { Dispatcher } from './delivery/dispatcher.js';
import type { Retention } from './delivery/retention.js';
import type { Publishing } from './publishing.js';
import { createSerialExecutor } from './serial-executor.js';
import type { SenderStore } from './stores/store.js';
import type { Time } from './time.js';
import type { Transport } from './transport/transport.js';
import type { Sender } from './types.js';

const defaultDrainMs = 20_000;

/** The parts that {@link createLifecycle} starts and stops. */
export interface LifecycleOptions {
  readonly store: Pick<SenderStore, 'nextAlarmMs'>;
  readonly clock: Clock;
  readonly time: Time;
  readonly transport: Transport;
  readonly dispatcher: Dispatcher;
  readonly retention: Retention;
  readonly publishing: Publishing;
  readonly onError: (error: unknown) => void;
}

/** The calls of a sender that start and stop it. */
export type Lifecycle = Pick<Sender, 'start' | 'stop' | 'runUntilIdle'>;

export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { clock, transport, dispatcher, retention, publishing, onError } = options;
  /** Runs `start` and `stop` one after the other, in the order of the calls. */
  const inOrder = createSerialExecutor();
  let keepAlive: ReturnType<typeof setInterval> | undefined;
  let resuming = Promise.resolve();
  let stopping = new AbortController();

  async function start(): Promise<void> {
    await transport.prepare?.();
    await dispatcher.start();
    retention.start();
    stopping = new AbortController();
    resuming = publishing.resume(stopping.signal).catch(onError);
    // Without a timer, a process that only sends would exit. With a virtual clock there is nothing to wait for.
    if (!clock.advanceTo) keepAlive ??= setInterval(() => undefined, 2 ** 30);
  }

  async function stop(drainMs: number): Promise<void> {
    stopping.abort();
    await Promise.all([dispatcher.stop(drainMs), retention.stop(), resuming]);
    clearInterval(keepAlive);
    keepAlive = undefined;
    await transport.close();
  }

  return {
    start: () => inOrder(start),
    stop: ({ drainMs = defaultDrainMs } = {}) => inOrder(() => stop(drainMs)),
    runUntilIdle: () => runUntilIdle(options),
  };
}

/** Advances the virtual clock from one due time to the next until no delivery waits for one. */
async function runUntilIdle({ store, clock, time, dispatcher }: LifecycleOptions): Promise<void> {
  if (!clock.advanceTo) {
    throw new TypeError('runUntilIdle needs a virtual clock: createSender({ clock: createVirtualClock() }).');
  }
  for (;;) {
    await dispatcher.runDue();
    const nextMs = await store.nextAlarmMs(time.now());
    if (nextMs === undefined) return;
    clock.advanceTo(nextMs);
  }
}
