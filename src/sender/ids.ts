/**
 * Creates an id without its prefix: the time, so that a store keeps records of the same time together, and 80 random
 * bits.
 */
export function newResourceId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  // The fixed bits of a UUID are in its middle, which is left out.
  const random = crypto.randomUUID();
  return `${time}${random.slice(0, 8)}${random.slice(24)}`;
}

/** Creates an opaque id with a prefix for its kind (contract section 1). */
export function newId(prefix: 'evt' | 'wh' | 'dlv'): string {
  return `${prefix}_${newResourceId()}`;
}

/** Creates a secret: `whsec_` and 32 random bytes in base64url (contract section 1). */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')}`;
}
