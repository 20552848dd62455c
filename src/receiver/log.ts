import type { ReceiverLogger } from './types.js';

/** The interval in which a key gets at most one line, in milliseconds: forged traffic must not flood a log. */
const intervalMs = 60_000;

/** Calls the user's code, and ignores its exception or rejection: neither may change a response. */
export function callObserver(observer: () => unknown): void {
  try {
    Promise.resolve(observer()).catch(() => undefined);
  } catch {
    // There is no other observer to notify.
  }
}

/** Replaces control characters and truncates. Ids, type names and messages of schemas come from outside. */
export function toLine(text: string, maxLength = 500): string {
  const line = text.replace(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g, ' ');
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}

/** Writes one line to the logger, if there is one. */
export function writeLine(
  logger: false | ReceiverLogger,
  level: 'info' | 'warn' | 'error',
  text: string,
  cause?: unknown,
): void {
  if (!logger) return;
  const line = `[hostwares] ${toLine(text)}`;
  callObserver(() => {
    if (level === 'info' && logger.info) return logger.info(line);
    if (level !== 'error') return logger.warn(line);
    return cause === undefined ? logger.error(line) : logger.error(line, cause);
  });
}

/** Limits how often something is written, per key. */
export interface LogThrottle {
  /** Returns whether the line may be written now. Counts it as suppressed if not. */
  tryAcquire(key: string): boolean;
  /** Returns the number of suppressed lines since the last call, and resets it. */
  takeSuppressed(key: string): number;
}

export function createLogThrottle(): LogThrottle {
  const writtenAtMs = new Map<string, number>();
  const suppressed = new Map<string, number>();
  return {
    tryAcquire(key) {
      // The monotonic clock: neither a wrong `now` nor a clock that was set back may silence a key.
      const nowMs = performance.now();
      if (nowMs - (writtenAtMs.get(key) ?? -Infinity) < intervalMs) {
        suppressed.set(key, (suppressed.get(key) ?? 0) + 1);
        return false;
      }
      writtenAtMs.set(key, nowMs);
      return true;
    },
    takeSuppressed(key) {
      const count = suppressed.get(key) ?? 0;
      suppressed.delete(key);
      return count;
    },
  };
}
