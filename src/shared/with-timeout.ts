import { WebhookError, type WebhookErrorCode } from '../errors.js';

/**
 * Settles as `work` does, or rejects after `timeoutMs` with a {@link WebhookError}.
 *
 * @param what - Whose work it is, for the message.
 * @param onTimeout - Called with the error before the promise is rejected.
 */
export function withTimeout<Value>(
  work: PromiseLike<Value>,
  timeoutMs: number,
  code: WebhookErrorCode,
  what: string,
  onTimeout?: (error: WebhookError) => unknown,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new WebhookError(code, `The ${what} took longer than ${timeoutMs} ms.`);
      onTimeout?.(error);
      reject(error);
    }, timeoutMs);
    // A thenable that is not a promise may throw, or settle twice.
    void Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
      });
  });
}
