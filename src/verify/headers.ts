/** Header names of the contract (section 3), in the case that Node and `Headers` give them. Equally long. */
export const signatureHeader = 'x-hostwares-signature';
export const timestampHeader = 'x-hostwares-timestamp';

/**
 * Request headers as the runtime gives them: a `Headers`, or a plain object with names in any case
 * and values as text or lists of text (Node's `IncomingHttpHeaders`, API Gateway's `multiValueHeaders`).
 */
export type HeadersLike =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The two headers of the contract. Undefined or null if absent, {@link repeated} if not a single text. */
export interface SignedHeaders {
  signature: string | null | undefined;
  timestamp: string | null | undefined;
}

/** Stands for a header that appears more than once. No parser accepts it. */
const repeated = ',';

/** Adds a value of a header that may appear once. */
function collectSingle(found: string | undefined, value: unknown): string | undefined {
  if (value === undefined) return found;
  if (Array.isArray(value)) return (value as unknown[]).reduce<string | undefined>(collectSingle, found);
  return found === undefined && typeof value === 'string' ? value : repeated;
}

/**
 * Finds the two headers. (`Headers` and Node join repeated headers with a comma; such a value has the
 * wrong form, so its parser rejects it.) No headers at all, as some hosts give them, are two absent headers.
 */
export function findSignedHeaders(headers: HeadersLike | null | undefined): SignedHeaders {
  if (typeof headers?.get === 'function') {
    return { signature: headers.get(signatureHeader), timestamp: headers.get(timestampHeader) };
  }
  const found: Record<string, string | undefined> = {};
  // One pass, and lengths first: this runs over every header of every request.
  for (const key in headers) {
    if (key.length !== signatureHeader.length || !Object.hasOwn(headers, key)) continue;
    const name = key.toLowerCase();
    found[name] = collectSingle(found[name], (headers as Record<string, unknown>)[key]);
  }
  return { signature: found[signatureHeader], timestamp: found[timestampHeader] };
}
