const unsafe = /[\\\0]|\p{Surrogate}/u;
const eachUnsafe = /[\\\0]|\p{Surrogate}/gu;

/**
 * Escapes text that a database would change or reject: UTF-8 has no lone surrogates, and Postgres has no NUL. Different
 * texts stay different, and nearly every text is returned unchanged.
 */
export function escapeText(text: string): string {
  if (!unsafe.test(text)) return text;
  return text.replace(eachUnsafe, (char) => `\\${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Reverses {@link escapeText}. */
export function unescapeText(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
