/** The routes of the dashboard. Every POST needs the token of the forms. */
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import type { EmulatorCore } from '../emulator.js';
import { jumpClock, pauseClock, resumeClock, runClock } from './actions/clock.js';
import { redeliver } from './actions/deliveries.js';
import {
  createEndpoint,
  deleteEndpoint,
  disableEndpoint,
  enableEndpoint,
  pingEndpoint,
  rotateSecret,
  updateEndpoint,
} from './actions/endpoints.js';
import { addFault, clearFaults } from './actions/faults.js';
import { sampleResponse, sendEvent, validateEvent } from './actions/send.js';
import { assetRoutes } from './assets.js';
import { createDashboard, type Dashboard } from './context.js';
import { checkToken } from './csrf.js';
import { clockPage } from './pages/clock.js';
import { confirmDeletePage, confirmRotatePage } from './pages/confirm.js';
import { deliveriesPage } from './pages/deliveries.js';
import { deliveryPage } from './pages/delivery.js';
import { endpointPage } from './pages/endpoint.js';
import { faultsPage } from './pages/faults.js';
import { mailboxPage, mailHtml, mailPage } from './pages/mailbox.js';
import { newEndpointPage } from './pages/new-endpoint.js';
import { problemPage } from './pages/problem.js';
import { newDraftPage } from './pages/send.js';
import { webhooksPage } from './pages/webhooks.js';

type Handler = (c: Context, dashboard: Dashboard) => Response | Promise<Response>;

/** The longest event, in the encoding of a form, in which a byte can take three characters. */
const maxFormBytes = 1_048_576;

const pages: Readonly<Record<string, Handler>> = {
  '/settings/webhooks': webhooksPage,
  '/settings/webhooks/new': (c, dashboard) => newEndpointPage(c, dashboard),
  '/settings/webhooks/:id': (c, dashboard) => endpointPage(c, dashboard),
  '/settings/webhooks/:id/rotate': (c, dashboard) => confirmRotatePage(c, dashboard),
  '/settings/webhooks/:id/delete': confirmDeletePage,
  '/deliveries': deliveriesPage,
  '/deliveries/:id': deliveryPage,
  '/send': newDraftPage,
  '/send/sample': sampleResponse,
  '/mailbox': mailboxPage,
  '/mailbox/:id': mailPage,
  '/mailbox/:id/html': mailHtml,
  '/clock': clockPage,
  '/faults': faultsPage,
};

const actions: Readonly<Record<string, Handler>> = {
  '/settings/webhooks': createEndpoint,
  '/settings/webhooks/:id': updateEndpoint,
  '/settings/webhooks/:id/ping': pingEndpoint,
  '/settings/webhooks/:id/enable': enableEndpoint,
  '/settings/webhooks/:id/disable': disableEndpoint,
  '/settings/webhooks/:id/rotate': rotateSecret,
  '/settings/webhooks/:id/delete': deleteEndpoint,
  '/deliveries/:id/redeliver': redeliver,
  '/send': sendEvent,
  '/send/validate': validateEvent,
  '/clock/jump': jumpClock,
  '/clock/run': runClock,
  '/clock/pause': pauseClock,
  '/clock/resume': resumeClock,
  '/faults': addFault,
  '/faults/clear': clearFaults,
};

export function dashboardRoutes(emulator: EmulatorCore): Hono {
  const dashboard = createDashboard(emulator);
  const routes = new Hono();
  routes.route('/assets', assetRoutes());
  routes.get('/', (c) => c.redirect('/settings/webhooks'));
  routes.post(
    '*',
    bodyLimit({
      maxSize: maxFormBytes,
      onError: () => {
        throw new HTTPException(413, { message: 'The form is longer than 1 MiB.' });
      },
    }),
    checkToken(dashboard.token),
  );
  for (const [path, page] of Object.entries(pages)) routes.get(path, (c) => page(c, dashboard));
  for (const [path, action] of Object.entries(actions)) routes.post(path, (c) => action(c, dashboard));
  routes.get('*', (c) => problemPage(c, dashboard, 404, 'There is no page at this address.'));
  routes.onError((error, c) => {
    if (error instanceof HTTPException) return problemPage(c, dashboard, error.status, error.message);
    throw error;
  });
  return routes;
}
