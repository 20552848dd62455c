import type { AttemptResult } from '../records.js';

/** Ours: of a response body at most so many characters are kept. */
const maxResponseBody = 16_384;

/** What the fields of a result must be. */
const fields: Readonly<Record<keyof AttemptResult, (value: unknown) => boolean>> = {
  address: isText,
  timings: isTimings,
  status: (value) => Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999,
  responseHeaders: isHeaders,
  responseBody: isText,
  error: isText,
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

/** What a transport returned; undefined if it is not a result that can be stored. */
export function toAttemptResult(value: unknown): AttemptResult | undefined {
  if (!isObject(value) || value.timings === undefined) return undefined;
  for (const name in value) {
    if (value[name] === undefined) continue;
    if (!Object.hasOwn(fields, name) || !fields[name as keyof AttemptResult](value[name])) return undefined;
  }
  const result = value as unknown as AttemptResult;
  const { responseBody } = result;
  if (responseBody === undefined || responseBody.length <= maxResponseBody) return result;
  return { ...result, responseBody: responseBody.slice(0, maxResponseBody) };
}
