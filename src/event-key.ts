/** An event's name wherever it is remembered: fixed in length whatever the ids are, and not to be confused by choosing them. */
export async function eventKey(accountId: string, eventId: string): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([accountId, eventId]));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
