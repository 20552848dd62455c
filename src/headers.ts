/** Header names of the contract (section 3), in the case that Node and `Headers` give them. Equally long. */
export const signatureHeader = 'x-hostwares-signature';
export const timestampHeader = 'x-hostwares-timestamp';

/**
 * Request headers as the runtime gives them: a `Headers`, or a plain object with names in any case
 * and values as text or lists of text (Node's `IncomingHttpHeaders`, API Gateway's `multiValueHeaders`).
 */
export type HeadersLike =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The two headers of the contract. Undefined where one is absent, null where it stands more than once. */
export interface SignedHeaders {
  signature: string | null | undefined;
  timestamp: string | null | undefined;
}

/** Takes one more value of a header that may stand once. */
function once(found: unknown, value: unknown): string | null | undefined {
  if (typeof value === 'string') return found === undefined ? value : null;
  if (value === undefined) return found as undefined;
  return Array.isArray(value)
    ? (value as unknown[]).reduce<string | null | undefined>(once, found as undefined)
    : null;
}

/**
 * Finds the two headers. (`Headers` and Node join repeated headers with a comma; such a value has the
 * wrong form, so it is refused by whoever parses it.)
 */
export function findSignedHeaders(headers: HeadersLike): SignedHeaders {
  if (typeof headers.get === 'function') {
    return {
      signature: headers.get(signatureHeader) ?? undefined,
      timestamp: headers.get(timestampHeader) ?? undefined,
    };
  }
  let signature: string | null | undefined;
  let timestamp: string | null | undefined;
  // One pass, and lengths first: this runs over every header of every request.
  for (const key in headers) {
    if (key.length !== signatureHeader.length || !Object.hasOwn(headers, key)) continue;
    const name = key === signatureHeader || key === timestampHeader ? key : key.toLowerCase();
    const value: unknown = (headers as Record<string, unknown>)[key];
    if (name === signatureHeader) signature = once(signature, value);
    else if (name === timestampHeader) timestamp = once(timestamp, value);
  }
  return { signature, timestamp };
}
