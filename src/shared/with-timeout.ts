import { WebhookError, type WebhookErrorCode } from '../errors.js';

interface TimeoutOptions {
  /** How long the work may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The code of the error after that. */
  readonly code: WebhookErrorCode;
  /** Names the work in the error message, such as `replay store`. */
  readonly subject: string;
  /** Called with the error before the promise is rejected. */
  readonly onTimeout?: ((error: WebhookError) => unknown) | undefined;
}

/** Settles as `work` does, or rejects after `timeoutMs` with a {@link WebhookError}. */
export function withTimeout<Value>(
  work: PromiseLike<Value>,
  { timeoutMs, code, subject, onTimeout }: TimeoutOptions,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new WebhookError(code, `The ${subject} took longer than ${timeoutMs} ms.`);
      onTimeout?.(error);
      reject(error);
    }, timeoutMs);
    // Wrapped, because a thenable that is not a promise may throw, or settle twice.
    void Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
      });
  });
}
