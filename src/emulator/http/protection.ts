import type { HonoRequest, MiddlewareHandler } from 'hono';

// A web page elsewhere can make the browser send requests to this server. It must neither read nor drive it: Host is
// checked (DNS rebinding), and so is the origin of each change. The dashboard's forms carry a token in addition.

const loopbackNames = new Set(['127.0.0.1', 'localhost', '[::1]']);

function isOwnHost(host: string | undefined, port: string): boolean {
  const match = /^(.+?)(?::(\d+))?$/.exec(host?.toLowerCase() ?? '');
  return match !== null && loopbackNames.has(match[1] ?? '') && (match[2] ?? '80') === port;
}

/** Rejects requests whose Host is not this server's: a page behind a rebound DNS name has another one. */
export function checkHost(urlOfServer: () => string): MiddlewareHandler {
  return async (c, next) => {
    const { port } = new URL(urlOfServer());
    if (isOwnHost(c.req.header('host'), port || '80')) return next();
    return c.json({ error: 'the Host header is not that of the emulator: use its address on loopback' }, 403);
  };
}

/** Whether a link elsewhere leads here: the page opens, and the other site sees nothing of it. */
function isNavigation(request: HonoRequest): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && request.header('sec-fetch-mode') === 'navigate';
}

/**
 * Rejects requests of pages from other origins. Browsers send Origin or Sec-Fetch-Site with all that such a page can
 * change or read; other programs send neither.
 */
export function checkOrigin(): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin');
    const site = c.req.header('sec-fetch-site');
    const isOwnOrigin = origin === undefined || origin === `http://${c.req.header('host')}`;
    const isOwnSite = site === undefined || site === 'same-origin' || site === 'none';
    if (isOwnOrigin && (isOwnSite || isNavigation(c.req))) return next();
    return c.json({ error: 'the request comes from another origin' }, 403);
  };
}

/** Sets the headers of every response. The dashboard loads nothing from elsewhere and runs no inline script. */
export function securityHeaders(): MiddlewareHandler {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return async (c, next) => {
    await next();
    // A page may have set a stricter policy of its own.
    if (!c.res.headers.has('content-security-policy')) c.header('content-security-policy', policy);
    c.header('x-content-type-options', 'nosniff');
    c.header('referrer-policy', 'same-origin');
    c.header('cross-origin-resource-policy', 'same-origin');
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
  };
}
