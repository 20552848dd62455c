import { randomBytes } from 'node:crypto';

/** A message about the result of an action, shown on the next page. */
export interface Flash {
  readonly kind: 'success' | 'warning' | 'error';
  readonly text: string;
  /** A secret that was generated. It is shown this once. */
  readonly secret?: string | undefined;
  /** The delivery that the message is about. */
  readonly deliveryId?: string | undefined;
}

/** The most messages that wait to be shown. */
const maxWaiting = 100;

/**
 * Keeps each message until the next page has shown it. The URL of that page has a random key, so that no message, and no
 * secret in it, is in a URL or a cookie.
 */
export class FlashMessages {
  private readonly waiting = new Map<string, Flash>();

  /** Returns the key of the message. */
  add(flash: Flash): string {
    const key = randomBytes(9).toString('base64url');
    this.waiting.set(key, flash);
    const oldest = this.waiting.keys().next();
    if (this.waiting.size > maxWaiting && !oldest.done) this.waiting.delete(oldest.value);
    return key;
  }

  take(key: string | undefined): Flash | undefined {
    if (key === undefined) return undefined;
    const flash = this.waiting.get(key);
    this.waiting.delete(key);
    return flash;
  }
}
