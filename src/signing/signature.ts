import { checkSecrets, type Secret } from './secrets.js';

/** What stands before the hex digits in the signature header (contract section 3). */
const prefix = 'sha256=';

/** The digits of a well-formed signature, else undefined. Exactly 64, lower case, nothing around. */
export function parseSignature(signature: unknown): string | undefined {
  // The length apart from the pattern: `{64}` makes it three times slower.
  return typeof signature === 'string' && signature.length === 71 && /^sha256=[0-9a-f]+$/.test(signature)
    ? signature.slice(prefix.length)
    : undefined;
}

/** HMAC-SHA256 as the platform gives it: at once (node:crypto) or as a promise (WebCrypto). */
interface HmacEngine {
  sign(body: Uint8Array, secret: Secret): string | Promise<string>;
  /** Compares in constant time. `digits` are 64 lower-case hex digits. */
  verify(body: Uint8Array, digits: string, secret: Secret): boolean | Promise<boolean>;
}

interface NodeCrypto<Key> {
  createSecretKey(bytes: Uint8Array): Key;
  createHmac(hash: 'sha256', key: Key): { update(body: Uint8Array): { digest(encoding: 'hex'): string } };
  timingSafeEqual(left: Uint8Array, right: Uint8Array): boolean;
}

interface NodeBuffer {
  Buffer: { alloc(size: number): Uint8Array & { write(text: string, encoding: 'latin1'): number } };
}

// Enough for every secret of a program with rotation; a bound, so that a program that gets its
// secrets from many tenants does not grow.
const maxCachedKeys = 256;

/** Remembers the key made of a secret: importing costs more than signing a small body. */
function cacheKeys<Key>(importKey: (bytes: Uint8Array) => Key): (secret: Secret) => Key {
  // Apart, so that no text is taken for bytes.
  const ofText = new Map<string, Key>();
  const ofBytes = new Map<string, Key>();
  return (secret) => {
    const isText = typeof secret === 'string';
    const keys = isText ? ofText : ofBytes;
    const name = isText ? secret : secret.join();
    const known = keys.get(name);
    if (known) return known;
    if (keys.size >= maxCachedKeys) keys.clear();
    const key = importKey(toBytes(secret));
    keys.set(name, key);
    return key;
  };
}

function nodeEngine<Key>(crypto: NodeCrypto<Key>, { Buffer }: NodeBuffer): HmacEngine {
  const keyOf = cacheKeys((bytes) => crypto.createSecretKey(bytes));
  const sign = (body: Uint8Array, secret: Secret) =>
    crypto.createHmac('sha256', keyOf(secret)).update(body).digest('hex');
  // Reused, which is safe because nothing here awaits: text digests and two standing buffers are
  // measurably cheaper than four new buffers a request.
  const given = Buffer.alloc(64);
  const expected = Buffer.alloc(64);
  return {
    sign,
    verify(body, digits, secret) {
      given.write(digits, 'latin1');
      expected.write(sign(body, secret), 'latin1');
      return crypto.timingSafeEqual(given, expected);
    },
  };
}

function webEngine({ subtle }: Crypto): HmacEngine {
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const keyOf = cacheKeys((bytes) =>
    subtle.importKey('raw', bytes as BufferSource, hmac, false, ['sign', 'verify']),
  );
  return {
    async sign(body, secret) {
      const mac = await subtle.sign('HMAC', await keyOf(secret), body as BufferSource);
      return Array.from(new Uint8Array(mac), (byte) => byte.toString(16).padStart(2, '0')).join('');
    },
    async verify(body, digits, secret) {
      const mac = Uint8Array.from(digits.match(/../g) ?? [], (byte) => parseInt(byte, 16));
      return subtle.verify('HMAC', await keyOf(secret), mac, body as BufferSource);
    },
  };
}

/**
 * node:crypto where it can be reached synchronously, because it is several times faster there;
 * WebCrypto elsewhere. No static `node:` import, so that one build runs in every runtime.
 */
function findEngine(): HmacEngine {
  const { process, crypto } = globalThis as {
    process?: { getBuiltinModule?: (id: string) => unknown };
    crypto?: Crypto;
  };
  try {
    const nodeCrypto = process?.getBuiltinModule?.('node:crypto') as NodeCrypto<unknown> | undefined;
    const nodeBuffer = process?.getBuiltinModule?.('node:buffer') as NodeBuffer | undefined;
    if (nodeCrypto && nodeBuffer) return nodeEngine(nodeCrypto, nodeBuffer);
  } catch {
    // Next's edge runtime has the function, and throws when it is called.
  }
  return webEngine(crypto as Crypto);
}

// Found at the first use, not at import: loading node:crypto takes longer than loading this package.
let engine: HmacEngine | undefined;

/** The bytes of a text (UTF-8), or the bytes given. */
export function toBytes(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? new TextEncoder().encode(value) : value;
}

/** Whether any of the secrets made this signature. All are tried, so time tells nothing of which. */
export function matchesAny(
  body: Uint8Array,
  digits: string,
  secrets: readonly Secret[],
): boolean | Promise<boolean> {
  engine ??= findEngine();
  let matched = false;
  const pending: Promise<boolean>[] = [];
  for (const secret of secrets) {
    const result = engine.verify(body, digits, secret);
    if (typeof result === 'boolean') matched = result || matched;
    else pending.push(result);
  }
  return pending.length === 0 ? matched : Promise.all(pending).then((results) => results.includes(true));
}

/**
 * Signs a body the way the platform does (contract section 3): `sha256=` and the lower-case hex
 * HMAC-SHA256 of its bytes. A string is signed as its UTF-8 bytes.
 *
 * @returns The value of the `X-Hostwares-Signature` header. The timestamp header is not covered by it.
 * @throws `TypeError` where the secret is empty or blank.
 *
 * @example
 * const signature = await signPayload('{"id":"evt_1"}', secret); // "sha256=…"
 */
export async function signPayload(body: Uint8Array | string, secret: Secret): Promise<string> {
  const [checked] = checkSecrets(secret) as [Secret];
  engine ??= findEngine();
  return prefix + (await engine.sign(toBytes(body), checked));
}

/**
 * Tells in constant time whether a signature header fits a body. It checks nothing else: no
 * timestamp, no JSON. `verifyWebhook` is the whole check.
 *
 * Never rejects because of `body` or `signature`, whatever they are: what is not a signature of
 * this body is `false`.
 *
 * @param signature - The whole header value, `sha256=` included.
 * @throws `TypeError` where the secret is empty or blank.
 *
 * @example
 * if (!(await signatureMatches(rawBody, headers['x-hostwares-signature'], secret))) return reply(401);
 */
export async function signatureMatches(
  body: Uint8Array | string,
  signature: string | null | undefined,
  secret: Secret,
): Promise<boolean> {
  const secrets = checkSecrets(secret);
  const digits = parseSignature(signature);
  const isBody = typeof body === 'string' || ArrayBuffer.isView(body);
  return digits !== undefined && isBody && (await matchesAny(toBytes(body), digits, secrets));
}
