/** The pages of the dashboard. */
import { Hono } from 'hono';
import type { EmulatorCore } from '../emulator.js';

export function dashboardRoutes(emulator: EmulatorCore): Hono {
  const routes = new Hono();
  routes.get('/', (c) =>
    c.html(
      <html lang="en">
        <title>Hostwares emulator</title>
        <p>{emulator.accountId}</p>
      </html>,
    ),
  );
  return routes;
}
