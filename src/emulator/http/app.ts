import { Hono } from 'hono';
import { createSenderApi } from '../../sender/api/api.js';
import { dashboardRoutes } from '../dashboard/routes.js';
import type { EmulatorCore } from '../emulator.js';
import { controlRoutes } from './control.js';
import { checkHost, checkOrigin, securityHeaders } from './protection.js';

/** Creates the server's application: the dashboard, the platform's API, and the routes that control the emulator. */
export function createApp(
  emulator: EmulatorCore,
  urlOfServer: () => string,
): (request: Request) => Response | Promise<Response> {
  const api = createSenderApi(emulator.sender, {
    apiKeys: { [emulator.apiKey]: emulator.accountId },
    // One developer's tests, not a platform's customers.
    limits: { requestsPerMinute: 100_000, pingsPerMinute: 10_000, redeliveriesPerMinute: 100_000 },
  });
  const app = new Hono();
  app.use(securityHeaders());
  app.use(checkHost(urlOfServer));
  app.use(checkOrigin());
  app.all('/api/webhooks/*', (c) => api.fetch(c.req.raw));
  app.all('/api/webhooks', (c) => api.fetch(c.req.raw));
  app.route('/emulator', controlRoutes(emulator));
  app.route('/', dashboardRoutes(emulator));
  return (request) => app.fetch(request);
}
