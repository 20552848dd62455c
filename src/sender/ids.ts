/**
 * An id without its prefix. It begins with the time, so that stores keep together what was made together, and has 80
 * random bits.
 */
export function newResourceId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  // The fixed bits of a UUID are in the part that is left out.
  const random = crypto.randomUUID();
  return `${time}${random.slice(0, 8)}${random.slice(24)}`;
}

/** An opaque id (contract section 1). */
export function newId(prefix: 'evt' | 'wh' | 'dlv'): string {
  return `${prefix}_${newResourceId()}`;
}

/** `whsec_` and 32 random bytes in base64url (contract section 1). */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')}`;
}
