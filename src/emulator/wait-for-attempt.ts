import { quote } from '../sender/errors.js';
import { isTerminal, type AttemptRecord, type DeliveryRecord } from '../sender/records.js';
import type { Sender } from '../sender/types.js';
import type { Listeners } from './listeners.js';
import type { DeliveryChange, Emulator } from './types.js';

/** The error for an attempt that will never be made; undefined if it may still be. */
function describeMissing({ id, status, attempts }: DeliveryRecord, number: number): Error | undefined {
  const isMissing = isTerminal({ status } as DeliveryRecord) && attempts < number;
  return isMissing
    ? new Error(`The delivery ${id} has ${status} after ${attempts} attempts: there is no attempt ${number}.`)
    : undefined;
}

/** Creates `Emulator.waitForAttempt`. */
export function createWaitForAttempt(
  sender: Pick<Sender, 'getDelivery'>,
  changes: Listeners<DeliveryChange>,
  stopping: AbortSignal,
): Emulator['waitForAttempt'] {
  return async (deliveryId, number = 1) => {
    const isWanted = (attempt: AttemptRecord | undefined): attempt is AttemptRecord =>
      attempt?.deliveryId === deliveryId && attempt.number === number && attempt.outcome !== 'pending';
    stopping.throwIfAborted();
    let remove: () => void = () => undefined;
    const ended = new Promise<AttemptRecord>((resolve, reject) => {
      const abort = (): void => {
        reject(stopping.reason as Error);
      };
      const removeListener = changes.add(({ delivery, attempt }) => {
        if (isWanted(attempt)) resolve(attempt);
        const missing = delivery.id === deliveryId ? describeMissing(delivery, number) : undefined;
        if (missing) reject(missing);
      });
      stopping.addEventListener('abort', abort);
      remove = () => {
        removeListener();
        stopping.removeEventListener('abort', abort);
      };
    });
    // If it rejects before it is awaited, that is not an unhandled rejection.
    ended.catch(() => undefined);
    try {
      // Read after the listener was added, so that no end is missed.
      const details = await sender.getDelivery(deliveryId);
      if (!details) throw new Error(`There is no delivery with the id ${quote(deliveryId)}.`);
      const attempt = details.attempts.find(isWanted);
      const missing = describeMissing(details.delivery, number);
      if (!attempt && missing) throw missing;
      return attempt ?? (await ended);
    } finally {
      remove();
    }
  };
}
