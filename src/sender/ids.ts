/** Opaque (contract section 1). */
export const newId = (prefix: 'evt' | 'wh' | 'dlv'): string =>
  `${prefix}_${crypto.randomUUID().replaceAll('-', '')}`;

/** `whsec_` and 32 random bytes in base64url (contract section 1). */
export function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')}`;
}
