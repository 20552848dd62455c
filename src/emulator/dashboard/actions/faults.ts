import type { Context } from 'hono';
import type { FaultKind } from '../../types.js';
import type { Dashboard } from '../context.js';
import type { Flash } from '../flash-messages.js';
import { readForm } from '../forms.js';
import { redirectWithFlash } from '../respond.js';

export async function addFault(c: Context, dashboard: Dashboard): Promise<Response> {
  const form = await readForm(c);
  let flash: Flash = { kind: 'success', text: 'The fault is added. The next attempts have it.' };
  try {
    dashboard.emulator.faults.add(form.text('kind') as FaultKind, Number(form.text('count')));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    flash = { kind: 'error', text: error.message };
  }
  return redirectWithFlash(c, dashboard, '/faults', flash);
}

export function clearFaults(c: Context, dashboard: Dashboard): Response {
  dashboard.emulator.faults.clear();
  return redirectWithFlash(c, dashboard, '/faults', { kind: 'success', text: 'No faults wait any more.' });
}
