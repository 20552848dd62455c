import type { Context } from 'hono';
import type { PublishResult } from '../../../sender/types.js';
import type { Dashboard } from '../context.js';
import { checkDraft, sampleNames, sampleText } from '../event-draft.js';
import type { Flash } from '../flash-messages.js';
import { readForm } from '../forms.js';
import { deliveriesPath, deliveryPath } from '../links.js';
import { judgeDraft, sendPage } from '../pages/send.js';
import { redirectWithFlash } from '../respond.js';

/** Says what became of the event, and which page shows it. */
function describe({ eventId, created, deliveries }: PublishResult): { path: string; flash: Flash } {
  const [first, second] = deliveries;
  if (!created) {
    return {
      path: deliveriesPath({ q: eventId }),
      flash: {
        kind: 'warning',
        text: `An event with the id ${eventId} was sent before, so nothing was added.`,
      },
    };
  }
  if (!first) {
    return {
      path: '/send',
      flash: { kind: 'warning', text: `The event ${eventId} was sent, but no endpoint is subscribed to it.` },
    };
  }
  const flash: Flash = { kind: 'success', text: `The event ${eventId} was sent.` };
  return { path: second ? deliveriesPath({ q: eventId }) : deliveryPath(first.id), flash };
}

/** Sends the event in the editor. */
export async function sendEvent(c: Context, dashboard: Dashboard): Promise<Response> {
  const form = await readForm(c);
  const text = form.raw('body');
  const check = checkDraft(text, dashboard.emulator);
  if (!check.ok) {
    const sample = sampleNames.find((name) => name === form.raw('sample')) ?? 'deployment.completed';
    return sendPage(c, dashboard, { sample, text }, 422);
  }
  const { path, flash } = describe(await dashboard.emulator.sender.publish(check.input));
  return redirectWithFlash(c, dashboard, path, flash);
}

/** Checks the text of the editor while the user types. */
export async function validateEvent(c: Context, dashboard: Dashboard): Promise<Response> {
  const form = await readForm(c);
  return c.json(await judgeDraft(dashboard, checkDraft(form.raw('body'), dashboard.emulator)));
}

/** Returns the text of a sample, for the editor. */
export function sampleResponse(c: Context, { emulator }: Dashboard): Response {
  const name = c.req.query('event') ?? '';
  return sampleNames.includes(name)
    ? c.text(sampleText(name, emulator.accountId))
    : c.text('There is no sample with this name.', 404);
}
