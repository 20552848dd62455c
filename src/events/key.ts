type Digest = (text: string) => string | Promise<string>;

async function webDigest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Node's own where there is one: WebCrypto goes through a thread there, which takes thirty times as long. */
function findDigest(): Digest {
  const { process } = globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } };
  try {
    const { hash } = process?.getBuiltinModule?.('node:crypto') as {
      hash?: (algorithm: string, text: string) => string;
    };
    if (hash) return (text) => hash('sha256', text);
  } catch {
    // No such module, or Next's edge runtime, which has the function and throws when it is called.
  }
  return webDigest;
}

let digest: Digest | undefined;

/** An event's name wherever it is remembered: fixed in length whatever the ids are, and not to be confused by choosing them. */
export function eventKey(accountId: string, eventId: string): string | Promise<string> {
  digest ??= findDigest();
  // As JSON no account can run into an id, and halves of surrogate pairs, which are all one in UTF-8, stay apart.
  return digest(JSON.stringify([accountId, eventId]));
}
