/** Header names of the contract (section 3), in the case that Node and `Headers` give them. */
export const signatureHeader = 'x-hostwares-signature';
export const timestampHeader = 'x-hostwares-timestamp';

/**
 * Request headers as the runtime gives them: a `Headers`, or a plain object with names in any case
 * and values as text or lists of text (Node's `IncomingHttpHeaders`, API Gateway's `multiValueHeaders`).
 */
export type HeadersLike =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The value of a header that may stand once. Undefined where it is absent; null where it stands more
 * than once, also in another case, or is not text. (`Headers` and Node join repeated headers with a
 * comma; such a value has the wrong form, so it is refused by whoever parses it.)
 *
 * @param name - In lower case.
 */
export function singleHeader(headers: HeadersLike, name: string): string | null | undefined {
  if (typeof headers.get === 'function') return headers.get(name) ?? undefined;
  let found: unknown;
  for (const key in headers) {
    // Lengths first: this runs for every header of every request.
    if (key.length !== name.length || (key !== name && key.toLowerCase() !== name)) continue;
    if (!Object.hasOwn(headers, key)) continue;
    const value = (headers as Record<string, unknown>)[key];
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (each === undefined) continue;
      if (found !== undefined || typeof each !== 'string') return null;
      found = each;
    }
  }
  return found as string | undefined;
}
