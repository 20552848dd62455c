import type { AttemptResult, AttemptTimings } from '../stores/contract.js';

/** Ours: of a response body at most so many characters are kept. */
const maxResponseBody = 16_384;

const timingNames = ['dnsMs', 'connectMs', 'tlsMs', 'waitMs', 'bodyMs'] as const;

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function toTimings(value: unknown): AttemptTimings | undefined {
  const { totalMs, ...given } = (value ?? {}) as Partial<AttemptTimings>;
  if (!Number.isFinite(totalMs)) return undefined;
  const timings: Record<string, number> = {};
  for (const name of timingNames) {
    if (given[name] === undefined) continue;
    if (!Number.isFinite(given[name])) return undefined;
    timings[name] = given[name];
  }
  return { ...timings, totalMs: totalMs as number };
}

function toHeaders(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const headers = { ...value } as Record<string, string>;
  for (const name in headers) if (typeof headers[name] !== 'string') return undefined;
  return headers;
}

/** Copies what a transport returned, field by field; undefined if it is not a result that can be stored. */
export function toAttemptResult(value: unknown): AttemptResult | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { address, timings, status, responseHeaders, responseBody, error } = value as Partial<AttemptResult>;
  const copied = toTimings(timings);
  const headers = responseHeaders === undefined ? undefined : toHeaders(responseHeaders);
  const isStatus = status === undefined || (Number.isInteger(status) && status >= 100 && status <= 999);
  const isText = [address, responseBody, error].every(isTextOrAbsent);
  if (!copied || !isStatus || !isText || (responseHeaders !== undefined && !headers)) return undefined;
  return {
    ...(address !== undefined && { address }),
    ...(status !== undefined && { status }),
    ...(headers && { responseHeaders: headers }),
    ...(responseBody !== undefined && { responseBody: responseBody.slice(0, maxResponseBody) }),
    ...(error !== undefined && { error }),
    timings: copied,
  };
}
