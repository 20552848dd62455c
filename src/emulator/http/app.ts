import { Hono } from 'hono';
import { createSenderApi } from '../../sender/api/api.js';
import { toRejectionResponse } from '../../sender/api/rejection.js';
import { dashboardRoutes } from '../dashboard/routes.js';
import type { EmulatorCore } from '../emulator.js';
import { controlRoutes } from './control.js';
import { checkHost, checkOrigin, securityHeaders } from './protection.js';

/** The dependencies of {@link createApp}. */
export interface AppOptions {
  readonly emulator: EmulatorCore;
  readonly urlOfServer: () => string;
  readonly onError: (error: unknown) => unknown;
}

/** Creates the server's application: the dashboard, the platform's API, and the routes that control the emulator. */
export function createApp({
  emulator,
  urlOfServer,
  onError,
}: AppOptions): (request: Request) => Response | Promise<Response> {
  const api = createSenderApi(emulator.sender, {
    apiKeys: { [emulator.apiKey]: emulator.accountId },
    // One developer's tests, not a platform's customers.
    limits: {
      endpoints: 1_000,
      requestsPerMinute: 100_000,
      pingsPerMinute: 10_000,
      redeliveriesPerMinute: 100_000,
    },
    onError,
  });
  const app = new Hono();
  app.use(securityHeaders());
  app.use(checkHost(urlOfServer));
  app.use(checkOrigin());
  app.all('/api/*', (c) => api.fetch(c.req.raw));
  app.route('/emulator', controlRoutes(emulator));
  app.route('/', dashboardRoutes(emulator));
  app.onError((error, c) => {
    const rejected = toRejectionResponse(error, c);
    if (rejected) return rejected;
    if (emulator.stopping.aborted) return c.json({ error: 'the emulator is stopping' }, 503);
    onError(error);
    return c.json({ error: 'internal error' }, 500);
  });
  return (request) => app.fetch(request);
}
