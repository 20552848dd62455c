import type { RequestOutcome } from './describe-failure.js';
import { isRecord } from './json.js';

function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Keeps the headers that are text. */
function readHeaders(value: unknown): Readonly<Record<string, string>> | null {
  if (!isRecord(value)) return null;
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

/** Reads the outcome of an attempt in the API's JSON. */
export function readOutcome(
  attempt: Readonly<Record<string, unknown>>,
): RequestOutcome & { readonly durationMs: number | null } {
  const timings = isRecord(attempt.timings_ms) ? attempt.timings_ms : {};
  return {
    url: asText(attempt.url) ?? '',
    status: typeof attempt.status === 'number' ? attempt.status : null,
    error: asText(attempt.error),
    durationMs: typeof timings.total === 'number' ? timings.total : null,
    responseHeaders: readHeaders(attempt.response_headers),
    responseBody: asText(attempt.response_body),
  };
}
