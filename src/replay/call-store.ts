import { WebhookError } from '../errors.js';
import { withTimeout } from '../shared/with-timeout.js';

function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (value as Partial<PromiseLike<Value>> | undefined)?.then === 'function';
}

/**
 * Makes one call to a replay store, within its time limit. A store that answers with a value needs no timer.
 *
 * @param undo - Receives an answer that arrives after the time limit.
 * @throws {@link WebhookError} `replay_store_unavailable` if the store fails or is too slow.
 */
export async function callStore<Value>(
  call: () => Value | PromiseLike<Value>,
  timeoutMs: number,
  undo?: (late: Value) => unknown,
): Promise<Value> {
  try {
    const answer = call();
    if (!isPromise(answer)) return answer;
    const onTimeout =
      undo &&
      (() =>
        void Promise.resolve(answer)
          .then(undo)
          .catch(() => undefined));
    return await withTimeout(answer, {
      timeoutMs,
      code: 'replay_store_unavailable',
      subject: 'replay store',
      onTimeout,
    });
  } catch (cause) {
    throw new WebhookError('replay_store_unavailable', 'The replay store did not answer.', {
      hint: 'The event is not lost: the platform retries it. Check the store.',
      cause,
    });
  }
}
