import type { Context } from 'hono';
import type { Child } from 'hono/jsx';
import type { Dashboard } from '../context.js';
import { endpointPath } from '../links.js';
import { SecretField } from '../parts/endpoint-fields.js';
import { Notice } from '../parts/feedback.js';
import { PostForm } from '../parts/form.js';
import { respondWithPage } from '../respond.js';
import { problemPage } from './problem.js';

/** An action on an endpoint that cannot be undone. */
interface Irreversible {
  readonly action: 'delete' | 'rotate';
  readonly title: string;
  readonly consequence: string;
  readonly button: string;
  readonly fields?: Child;
}

async function confirmPage(
  c: Context,
  dashboard: Dashboard,
  { action, title, consequence, button, fields }: Irreversible,
  error?: string,
): Promise<Response> {
  const id = c.req.param('id') ?? '';
  const endpoint = await dashboard.emulator.sender.getEndpoint(id);
  if (!endpoint) return problemPage(c, dashboard, 404, `There is no endpoint with the id ${id}.`);
  return respondWithPage(c, dashboard, {
    title,
    section: 'webhooks',
    status: error === undefined ? 200 : 422,
    content: (
      <>
        <p class="back">
          <a href={endpointPath(id)}>{endpoint.url}</a>
        </p>
        <h1>{title}</h1>
        {error !== undefined && (
          <Notice kind="error" role="alert">
            <p>{error}</p>
          </Notice>
        )}
        <PostForm action={endpointPath(id, action)} token={dashboard.token} class="panel">
          <p>
            <strong class="url">{endpoint.url}</strong>
          </p>
          <p>{consequence}</p>
          {fields}
          <div class="buttons">
            <button type="submit" class="danger solid">
              {button}
            </button>
            <a class="button quiet" href={endpointPath(id)}>
              Cancel
            </a>
          </div>
        </PostForm>
      </>
    ),
  });
}

export function confirmDeletePage(c: Context, dashboard: Dashboard): Promise<Response> {
  return confirmPage(c, dashboard, {
    action: 'delete',
    title: 'Delete this endpoint?',
    consequence:
      'Its waiting and held deliveries are cancelled, and its secret is forgotten. This cannot be undone.',
    button: 'Delete the endpoint',
  });
}

export function confirmRotatePage(c: Context, dashboard: Dashboard, error?: string): Promise<Response> {
  return confirmPage(
    c,
    dashboard,
    {
      action: 'rotate',
      title: 'Rotate the signing secret?',
      consequence:
        'The next attempt is signed with the new secret. A receiver that only knows the old one rejects it from then on. This cannot be undone.',
      button: 'Rotate the secret',
      fields: <SecretField label="New secret (optional)" />,
    },
    error,
  );
}
