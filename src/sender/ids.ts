/**
 * Opaque to all who get it (contract section 1). It begins with the time, so that stores keep together what was made
 * together, and has 80 random bits.
 */
export function newId(prefix: 'evt' | 'wh' | 'dlv'): string {
  const time = Date.now().toString(16).padStart(12, '0');
  // The fixed bits of a UUID are in the part that is left out.
  const random = crypto.randomUUID();
  return `${prefix}_${time}${random.slice(0, 8)}${random.slice(24)}`;
}

/** `whsec_` and 32 random bytes in base64url (contract section 1). */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')}`;
}
