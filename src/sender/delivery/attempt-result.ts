import type { AttemptResult } from '../records.js';

/** Our choice: characters of a response body that are kept. */
const maxResponseBody = 16_384;

/** Checks each field of a result. */
const isValidField: Readonly<Record<keyof AttemptResult, (value: unknown) => boolean>> = {
  address: isText,
  timings: isTimings,
  status: (value) => Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999,
  responseHeaders: isHeaders,
  responseBody: isText,
  error: isText,
  requestHeaders: isHeaders,
  note: isText,
};

const timingNames = new Set(['dnsMs', 'connectMs', 'tlsMs', 'waitMs', 'bodyMs', 'totalMs']);

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isHeaders(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (const name in value) if (typeof value[name] !== 'string') return false;
  return true;
}

function isTimings(value: unknown): boolean {
  if (!isObject(value) || !Number.isFinite(value.totalMs)) return false;
  for (const name in value) {
    const isAbsent = value[name] === undefined;
    if (!isAbsent && !(timingNames.has(name) && Number.isFinite(value[name]))) return false;
  }
  return true;
}

/**
 * Checks the value that a transport returned, which may be a user's own. Returns undefined if it is not an
 * {@link AttemptResult}; a store could not save it.
 */
export function toAttemptResult(value: unknown): AttemptResult | undefined {
  if (!isObject(value) || value.timings === undefined) return undefined;
  for (const name in value) {
    if (value[name] === undefined) continue;
    const isKnown = Object.hasOwn(isValidField, name);
    if (!isKnown || !isValidField[name as keyof AttemptResult](value[name])) return undefined;
  }
  const result = value as unknown as AttemptResult;
  const { responseBody } = result;
  if (responseBody === undefined || responseBody.length <= maxResponseBody) return result;
  return { ...result, responseBody: responseBody.slice(0, maxResponseBody) };
}
