import type { Context } from 'hono';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Endpoint } from '../../../sender/types.js';
import type { Dashboard } from '../context.js';
import { deliveriesPath, endpointPath } from '../links.js';
import { DeliveryTable } from '../parts/delivery-table.js';
import { EndpointFields, type EndpointDraft } from '../parts/endpoint-fields.js';
import { EmptyState, Notice } from '../parts/feedback.js';
import { ActionButton, PostForm } from '../parts/form.js';
import { EndpointBadge } from '../parts/status.js';
import { Time } from '../parts/time.js';
import { listDeliveryRows } from '../queries.js';
import { respondWithPage } from '../respond.js';
import { problemPage } from './problem.js';

interface StateProps {
  readonly dashboard: Dashboard;
  readonly endpoint: Endpoint;
  /** The number of held deliveries, up to 100. */
  readonly held: number;
}

const disabledReasons = {
  failures: 'all retries of an event failed',
  gone: 'it answered with 410 Gone',
  manual: 'you disabled it',
} as const;

function HeldSentence({ endpoint, held }: Omit<StateProps, 'dashboard'>): JSX.Element {
  if (held === 0) return <></>;
  const count = held >= 100 ? '100 or more' : held;
  return (
    <>
      {' '}
      <a href={deliveriesPath({ endpoint: endpoint.id, status: 'held' })}>
        {count} held {held === 1 ? 'delivery' : 'deliveries'}
      </a>
      .
    </>
  );
}

/** Says whether the endpoint is enabled, and offers to enable it or to release what is held. */
function State({ dashboard, endpoint, held }: StateProps): JSX.Element {
  const nowMs = dashboard.emulator.clock.now();
  const action = endpointPath(endpoint.id, 'enable');
  if (endpoint.status === 'disabled') {
    return (
      <Notice kind="warning">
        <p>
          Disabled {endpoint.disabledAtMs !== null && <Time atMs={endpoint.disabledAtMs} nowMs={nowMs} />}
          {endpoint.disabledReason && `: ${disabledReasons[endpoint.disabledReason]}`}.
          <HeldSentence endpoint={endpoint} held={held} />
        </p>
        <PostForm action={action} token={dashboard.token} class="row">
          {held > 0 && (
            <label>
              <input type="checkbox" name="release" value="yes" checked autocomplete="off" />
              Send the held deliveries now
            </label>
          )}
          <button type="submit" class="primary">
            Enable
          </button>
        </PostForm>
      </Notice>
    );
  }
  return (
    <>
      {endpoint.failingSinceMs !== null && (
        <Notice kind="error">
          <p>
            No attempt has succeeded since <Time atMs={endpoint.failingSinceMs} nowMs={nowMs} />
            {endpoint.lastError !== null && `. Last error: ${endpoint.lastError}`}
          </p>
        </Notice>
      )}
      {held > 0 && (
        <Notice kind="warning">
          <p>
            The endpoint is enabled, and still has
            <HeldSentence endpoint={endpoint} held={held} />
          </p>
          <PostForm action={action} token={dashboard.token}>
            <input type="hidden" name="release" value="yes" />
            <button type="submit">Send the held deliveries now</button>
          </PostForm>
        </Notice>
      )}
    </>
  );
}

function Actions({ dashboard, endpoint }: Omit<StateProps, 'held'>): JSX.Element {
  return (
    <div class="buttons">
      <ActionButton action={endpointPath(endpoint.id, 'ping')} token={dashboard.token} label="Ping" />
      {endpoint.status === 'enabled' && (
        <ActionButton action={endpointPath(endpoint.id, 'disable')} token={dashboard.token} label="Disable" />
      )}
      <a class="button" href={endpointPath(endpoint.id, 'rotate')}>
        Rotate secret…
      </a>
      <a class="button danger" href={endpointPath(endpoint.id, 'delete')}>
        Delete…
      </a>
    </div>
  );
}

async function Recent({ dashboard, endpoint }: Omit<StateProps, 'held'>): Promise<JSX.Element> {
  const { rows } = await listDeliveryRows(dashboard, { endpointId: endpoint.id }, 10);
  return (
    <section id="recent" data-live="">
      <div class="title">
        <h2>Recent deliveries</h2>
        <a href={deliveriesPath({ endpoint: endpoint.id })}>All of this endpoint</a>
      </div>
      {rows.length === 0 ? (
        <EmptyState title="Nothing was sent yet">
          <p>
            Ping the endpoint, or <a href="/send">send an event</a>.
          </p>
        </EmptyState>
      ) : (
        <DeliveryTable
          caption="Recent deliveries, newest first"
          rows={rows}
          nowMs={dashboard.emulator.clock.now()}
        />
      )}
    </section>
  );
}

/** One endpoint: its state, its actions, its settings, and what it was sent last. */
export async function endpointPage(
  c: Context,
  dashboard: Dashboard,
  rejected?: { readonly draft: EndpointDraft; readonly error: string },
): Promise<Response> {
  const { sender } = dashboard.emulator;
  const id = c.req.param('id') ?? '';
  const endpoint = await sender.getEndpoint(id);
  if (!endpoint) return problemPage(c, dashboard, 404, `There is no endpoint with the id ${id}.`);
  const held = (await sender.listDeliveries({ endpointId: id, status: 'held', limit: 100 })).items.length;
  return respondWithPage(c, dashboard, {
    title: endpoint.url,
    section: 'webhooks',
    status: rejected ? 422 : 200,
    content: (
      <>
        <p class="back">
          <a href="/settings/webhooks">Webhooks</a>
        </p>
        <div class="title">
          <h1 class="url">{endpoint.url}</h1>
          <span id="endpoint-status" data-live="">
            <EndpointBadge endpoint={endpoint} />
          </span>
          <Actions dashboard={dashboard} endpoint={endpoint} />
        </div>
        <p class="muted">
          <code>{endpoint.id}</code>
        </p>
        <div id="endpoint-state" data-live="">
          <State dashboard={dashboard} endpoint={endpoint} held={held} />
        </div>
        {await Recent({ dashboard, endpoint })}
        <h2>Settings</h2>
        {rejected && (
          <Notice kind="error" role="alert">
            <p>{rejected.error} Nothing was saved.</p>
          </Notice>
        )}
        <PostForm action={endpointPath(id)} token={dashboard.token} class="panel">
          <EndpointFields draft={rejected?.draft ?? endpoint} />
          <div class="buttons">
            <button type="submit" class="primary">
              Save
            </button>
          </div>
        </PostForm>
      </>
    ),
  });
}
