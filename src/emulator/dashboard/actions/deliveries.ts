import type { Context } from 'hono';
import type { Dashboard } from '../context.js';
import { describeRejection } from '../forms.js';
import { deliveryPath } from '../links.js';
import { redirectWithFlash } from '../respond.js';

/** Delivers an event again, and leads to the new delivery. */
export async function redeliver(c: Context, dashboard: Dashboard): Promise<Response> {
  const id = c.req.param('id') ?? '';
  try {
    const delivery = await dashboard.emulator.sender.redeliver(id);
    return redirectWithFlash(c, dashboard, deliveryPath(delivery.id), {
      kind: 'success',
      text: 'This is the new delivery of the same event.',
    });
  } catch (error) {
    return redirectWithFlash(c, dashboard, deliveryPath(id), {
      kind: 'error',
      text: describeRejection(error),
    });
  }
}
