type Digest = (text: string) => string | Promise<string>;

async function webDigest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Chooses node:crypto if present: WebCrypto hands each digest to a thread, which takes thirty times as long. */
function findDigest(): Digest {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } };
  try {
    const { hash } = process?.getBuiltinModule?.('node:crypto') as {
      hash?: (algorithm: string, text: string) => string;
    };
    if (hash) return (text) => hash('sha256', text);
  } catch {
    // The module is absent. Or this is Next's edge runtime, which has the function but throws when it is called.
  }
  return webDigest;
}

let digest: Digest | undefined;

/** Returns the key under which stores and queues remember an event. Its length is fixed, and different events have different keys. */
export function eventKey(accountId: string, eventId: string): string | Promise<string> {
  digest ??= findDigest();
  // JSON separates account and id unambiguously, and escapes lone surrogates, which UTF-8 would make identical.
  return digest(JSON.stringify([accountId, eventId]));
}
