import { SenderError } from '../errors.js';

/** Describes the error of an attempt to the owner of the endpoint. */
export function describeError(error: unknown): string {
  if (error instanceof SenderError) return error.message;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' && message !== '' ? message : 'the connection failed';
  return typeof code === 'string' && !text.includes(code) ? `${code}: ${text}` : text;
}
