import type { Context } from 'hono';
import type { Dashboard } from '../context.js';
import { EndpointFields, SecretField, type EndpointDraft } from '../parts/endpoint-fields.js';
import { Notice } from '../parts/feedback.js';
import { PostForm } from '../parts/form.js';
import { respondWithPage } from '../respond.js';

/** The form that adds an endpoint; again, with the reason, if it was rejected. */
export function newEndpointPage(
  c: Context,
  dashboard: Dashboard,
  draft: EndpointDraft = { url: '', events: ['*'] },
  error?: string,
): Promise<Response> {
  return respondWithPage(c, dashboard, {
    title: 'Add Webhook Endpoint',
    section: 'webhooks',
    status: error === undefined ? 200 : 422,
    content: (
      <>
        <p class="back">
          <a href="/settings/webhooks">Webhooks</a>
        </p>
        <h1>Add Webhook Endpoint</h1>
        {error !== undefined && (
          <Notice kind="error" role="alert">
            <p>{error} Nothing was saved. A secret has to be entered again.</p>
          </Notice>
        )}
        <PostForm action="/settings/webhooks" token={dashboard.token} class="panel">
          <EndpointFields draft={draft} />
          <SecretField label="Signing secret (optional)" />
          <p class="hint">Saving sends a ping, and shows its result.</p>
          <div class="buttons">
            <button type="submit" class="primary">
              Save
            </button>
            <a class="button quiet" href="/settings/webhooks">
              Cancel
            </a>
          </div>
        </PostForm>
      </>
    ),
  });
}
