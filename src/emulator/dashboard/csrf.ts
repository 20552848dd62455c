import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';

/** The name of the hidden field that carries the token. */
export const tokenField = 'token';

export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

async function readForm(c: Context): Promise<Record<string, unknown>> {
  try {
    return await c.req.parseBody();
  } catch {
    throw new HTTPException(400, { message: 'The body is not a form.' });
  }
}

/** Rejects forms without the token. Another site can neither read it nor guess it. */
export function checkToken(token: string): MiddlewareHandler {
  return async (c, next) => {
    const given = (await readForm(c))[tokenField];
    if (typeof given === 'string' && isSame(given, token)) return next();
    throw new HTTPException(403, {
      message:
        'The form carries no valid token. The emulator was restarted since the page was loaded: reload the page, and send the form again.',
    });
  };
}
