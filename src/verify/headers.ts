/** Header names of the contract (section 3), in lower case, as Node and `Headers` give them. */
const signatureHeader = 'x-hostwares-signature';
const timestampHeader = 'x-hostwares-timestamp';

/**
 * Request headers as the runtime gives them: a `Headers`, or a plain object with names in any case
 * and values as text or lists of text (Node's `IncomingHttpHeaders`, API Gateway's `multiValueHeaders`).
 */
export type HeadersLike =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The two headers of the contract. Undefined or null if absent, {@link repeated} unless it is a single text. */
export interface SignedHeaders {
  signature: string | null | undefined;
  timestamp: string | null | undefined;
}

/** Represents a header that appears more than once. Both parsers reject it. */
const repeated = ',';

/** Combines a value with the value that was found before. A second value makes the header {@link repeated}. */
function collectSingle(found: string | undefined, value: unknown): string | undefined {
  if (value === undefined) return found;
  if (Array.isArray(value)) return (value as unknown[]).reduce<string | undefined>(collectSingle, found);
  return found === undefined && typeof value === 'string' ? value : repeated;
}

/**
 * Finds the two headers. `Headers` and Node join repeated headers with a comma, so the parser of each header rejects them as malformed.
 * Some hosts pass no headers at all; then both are absent.
 */
export function findSignedHeaders(headers: HeadersLike | null | undefined): SignedHeaders {
  if (typeof headers?.get === 'function') {
    return { signature: headers.get(signatureHeader), timestamp: headers.get(timestampHeader) };
  }
  const found: Record<string, string | undefined> = {};
  // Not Object.entries, which takes 3 % of a verification (400 B, bench/verify.mjs).
  for (const key in headers) {
    const name = key.toLowerCase();
    if ((name === signatureHeader || name === timestampHeader) && Object.hasOwn(headers, key)) {
      found[name] = collectSingle(found[name], (headers as Record<string, unknown>)[key]);
    }
  }
  return { signature: found[signatureHeader], timestamp: found[timestampHeader] };
}
