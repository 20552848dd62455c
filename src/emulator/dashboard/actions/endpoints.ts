import type { Context } from 'hono';
import type { PingResult } from '../../../sender/types.js';
import type { Dashboard } from '../context.js';
import type { Flash } from '../flash-messages.js';
import { formatCount } from '../format.js';
import { describeRejection, readForm } from '../forms.js';
import { endpointPath } from '../links.js';
import { confirmRotatePage } from '../pages/confirm.js';
import { endpointPage } from '../pages/endpoint.js';
import { newEndpointPage } from '../pages/new-endpoint.js';
import { readEndpointDraft } from '../parts/endpoint-fields.js';
import { redirectWithFlash } from '../respond.js';

function idOf(c: Context): string {
  return c.req.param('id') ?? '';
}

function describePing({ ok, status, error, deliveryId }: PingResult): Flash {
  return ok
    ? { kind: 'success', text: `The ping was answered with HTTP ${status}.`, deliveryId }
    : { kind: 'error', text: `The ping failed: ${error}.`, deliveryId };
}

/** Carries out an action on an endpoint, and returns to its page with the result. */
async function act(
  c: Context,
  dashboard: Dashboard,
  action: (id: string) => Promise<Flash>,
): Promise<Response> {
  const id = idOf(c);
  const flash = await action(id).catch((error: unknown): Flash => ({
    kind: 'error',
    text: describeRejection(error),
  }));
  return redirectWithFlash(c, dashboard, endpointPath(id), flash);
}

export async function createEndpoint(c: Context, dashboard: Dashboard): Promise<Response> {
  const form = await readForm(c);
  const draft = readEndpointDraft(form);
  const secret = form.text('secret');
  try {
    const created = await dashboard.emulator.createEndpoint({ ...draft, ...(secret !== '' && { secret }) });
    const { kind, text, deliveryId } = describePing(created.ping);
    return redirectWithFlash(c, dashboard, endpointPath(created.id), {
      kind: kind === 'success' ? 'success' : 'warning',
      text: `The endpoint is saved. ${text}`,
      deliveryId,
      secret: created.secret,
    });
  } catch (error) {
    return newEndpointPage(c, dashboard, draft, describeRejection(error));
  }
}

export async function updateEndpoint(c: Context, dashboard: Dashboard): Promise<Response> {
  const draft = readEndpointDraft(await readForm(c));
  try {
    await dashboard.emulator.sender.updateEndpoint(idOf(c), draft);
  } catch (error) {
    return endpointPage(c, dashboard, { draft, error: describeRejection(error) });
  }
  return redirectWithFlash(c, dashboard, endpointPath(idOf(c)), {
    kind: 'success',
    text: 'The endpoint is saved. Waiting deliveries are sent to its URL.',
  });
}

export function pingEndpoint(c: Context, dashboard: Dashboard): Promise<Response> {
  return act(c, dashboard, async (id) => describePing(await dashboard.emulator.sender.pingEndpoint(id)));
}

export async function enableEndpoint(c: Context, dashboard: Dashboard): Promise<Response> {
  const release = (await readForm(c)).text('release') === 'yes';
  return act(c, dashboard, async (id) => {
    const { released } = await dashboard.emulator.sender.enableEndpoint(id, { release });
    const text = release
      ? `, and ${formatCount(released, 'held delivery').replace(/ys$/, 'ies')} released`
      : '';
    return { kind: 'success', text: `The endpoint is enabled${text}.` };
  });
}

export function disableEndpoint(c: Context, dashboard: Dashboard): Promise<Response> {
  return act(c, dashboard, async (id) => {
    await dashboard.emulator.sender.disableEndpoint(id);
    return { kind: 'success', text: 'The endpoint is disabled. Its deliveries are held from now on.' };
  });
}

export async function rotateSecret(c: Context, dashboard: Dashboard): Promise<Response> {
  const given = (await readForm(c)).text('secret');
  try {
    const options = given === '' ? {} : { secret: given };
    const { secret } = await dashboard.emulator.sender.rotateSecret(idOf(c), options);
    return redirectWithFlash(c, dashboard, endpointPath(idOf(c)), {
      kind: 'success',
      text: 'The secret is replaced. The next attempt is signed with the new one.',
      ...(given === '' && { secret }),
    });
  } catch (error) {
    return confirmRotatePage(c, dashboard, describeRejection(error));
  }
}

export async function deleteEndpoint(c: Context, dashboard: Dashboard): Promise<Response> {
  const flash = await dashboard.emulator.sender.deleteEndpoint(idOf(c)).then(
    (): Flash => ({
      kind: 'success',
      text: 'The endpoint is deleted. Its waiting deliveries are cancelled.',
    }),
    (error: unknown): Flash => ({ kind: 'error', text: describeRejection(error) }),
  );
  return redirectWithFlash(c, dashboard, '/settings/webhooks', flash);
}
