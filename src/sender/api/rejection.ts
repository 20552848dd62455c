import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { isSenderError, type SenderErrorCode } from '../errors.js';

const fieldByCode: Partial<Record<SenderErrorCode, string>> = {
  invalid_url: 'url',
  invalid_events: 'events',
  invalid_secret: 'secret',
};

/** Creates the error that a handler throws to reject a call. */
export function rejection(status: 400 | 404 | 422 | 429, error: string): HTTPException {
  return new HTTPException(status, { message: error });
}

/** Returns the response for an error that a handler threw; undefined if the error does not reject the call. */
export function toRejectionResponse(error: unknown, c: Context): Response | undefined {
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
  if (!isSenderError(error)) return undefined;
  const field = fieldByCode[error.code];
  return c.json({ error: field === undefined ? error.message : `${field}: ${error.message}` }, error.status);
}
