import { WebhookError } from '../../errors.js';
import { cleanLine, truncate } from '../message/text.js';
import type { Failure } from './http.js';
import type { Provider } from './provider.js';

/** The most characters of a provider's response that an error shows. */
const maxAnswerShown = 300;

/** Returns the fix for a failure. */
function hintFor(provider: Provider, failure: Failure): string | undefined {
  const { kind, status = 0, answer, retryAfterMs } = failure;
  if (kind === 'transient') return undefined;
  if (kind === 'rateLimited') {
    return retryAfterMs === undefined
      ? 'The provider did not say how long to wait. It may block the address of this machine for a while. Send fewer messages, or use another address.'
      : 'Too many messages for one webhook. Send fewer events to it, or use more webhooks.';
  }
  const explanation = provider.explain?.(answer);
  if (explanation !== undefined) return explanation;
  if (status < 400)
    return 'Redirects are not followed: they would send the message to another host. Give the final URL.';
  if (status === 400 || status === 413 || status === 422)
    return 'The provider does not accept the message. Check what your format and links return.';
  return 'The webhook or key was removed, or is incomplete. Create a new one with the provider.';
}

/**
 * Returns the error for a message that was not posted.
 *
 * @param problem - Completes the sentence that begins with the provider's name.
 */
export function notifierFailed(
  provider: Provider,
  secret: string,
  problem: string,
  failure?: Failure,
): WebhookError {
  // Secrets are removed before white space is folded and the text is truncated. Afterwards a part of one could remain.
  const redacted =
    failure &&
    provider.sensitiveParts(secret).reduce((text, part) => text.replaceAll(part, '…'), failure.answer);
  const answer = failure && truncate(cleanLine(redacted) ?? 'an empty response', maxAnswerShown);
  const message = [`${provider.name} (${provider.toPublicUrl(secret)}) ${problem}`, failure?.status, answer]
    .filter(Boolean)
    .join(': ');
  return new WebhookError('notifier_failed', `${message}.`, {
    hint: failure && hintFor(provider, failure),
    // The connection's error is dropped: errors of HTTP clients contain the URL, and the URL is a secret.
    cause: failure && { status: failure.status, answer },
  });
}

/** Returns the error for a secret that could not be resolved. */
export function secretMisconfigured(provider: Provider, problem: string): WebhookError {
  return new WebhookError('misconfigured', `${provider.name} notifier: ${problem}`);
}
