import { WebhookError, type WebhookErrorCode } from '../../errors.js';
import { explain } from '../../verify/explain.js';
import type { HeadersLike } from '../../verify/headers.js';
import type { Capture } from './capture.js';

/** The facts that the receiver's explanation is based on. */
export interface Facts {
  readonly capture: Capture;
  readonly body: Uint8Array;
  readonly secrets: readonly string[];
  readonly nowMs: number;
}

/** Returns the headers of a capture as a receiver on Node gets them. */
export function toHeaders({ headers }: Pick<Capture, 'headers'>): HeadersLike {
  const all = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of headers) (all[name.toLowerCase()] ??= []).push(value);
  return Object.fromEntries(
    Object.entries(all).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

/** Returns the receiver's own message and hint for a rejection of this request. */
export async function explained(
  code: WebhookErrorCode,
  { capture, body, secrets, nowMs }: Facts,
): Promise<string> {
  const error = new WebhookError(code);
  // A budget of its own: nobody can flood a command.
  const shared = { now: () => nowMs, adapterContext: undefined, budget: {} };
  await explain(error, { ...shared, headers: toHeaders(capture), body, secrets });
  return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
}
