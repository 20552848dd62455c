import type { Context } from 'hono';
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { AttemptRecord, DeliveryRecord } from '../../../sender/records.js';
import type { Endpoint } from '../../../sender/types.js';
import type { Dashboard } from '../context.js';
import { deliveriesPath, deliveryPath, endpointPath } from '../links.js';
import { Attempt } from '../parts/attempt.js';
import { Body } from '../parts/code.js';
import { Notice } from '../parts/feedback.js';
import { ActionButton } from '../parts/form.js';
import { EndpointLink } from '../parts/links.js';
import { DeliveryBadge } from '../parts/status.js';
import { Time } from '../parts/time.js';
import { respondWithPage } from '../respond.js';
import { problemPage } from './problem.js';

interface OutlookProps {
  readonly delivery: DeliveryRecord;
  readonly lastAttempt: AttemptRecord | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly nowMs: number;
}

/** Says what happens to the delivery next, and why. */
function Outlook({ delivery, lastAttempt, endpoint, nowMs }: OutlookProps): JSX.Element {
  const reason = lastAttempt?.reason ?? undefined;
  switch (delivery.status) {
    case 'scheduled':
      if (delivery.dueAtMs === null) return <></>;
      return (
        <Notice kind="info">
          <p>
            Next attempt <Time atMs={delivery.dueAtMs} nowMs={nowMs} />
            {reason !== undefined && `: ${reason}`}. <a href="/clock">Jump to it with the clock</a>
          </p>
        </Notice>
      );
    case 'held':
      return (
        <Notice kind="warning">
          <p>
            The delivery is held because its endpoint is disabled.{' '}
            {endpoint && <a href={endpointPath(endpoint.id)}>Enable the endpoint and release it</a>}
          </p>
        </Notice>
      );
    case 'failed':
      return (
        <Notice kind="error">
          <p>The delivery has failed{reason !== undefined && `: ${reason}`}.</p>
        </Notice>
      );
    case 'cancelled':
      return (
        <Notice kind="warning">
          <p>The delivery was cancelled because its endpoint was deleted.</p>
        </Notice>
      );
    case 'attempting':
    case 'succeeded':
      return <></>;
  }
}

const kindLabels: Readonly<Record<DeliveryRecord['kind'], string>> = {
  automatic: 'Automatic',
  manual: 'Redelivery, on request',
  ping: 'Ping',
};

function Fact(props: { readonly name: string; readonly children: Child }): JSX.Element {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

function Facts(props: Omit<OutlookProps, 'lastAttempt'>): JSX.Element {
  const { delivery, endpoint, nowMs } = props;
  return (
    <>
      <dl class="facts">
        <Fact name="Endpoint">
          <EndpointLink id={delivery.endpointId} endpoint={endpoint} />
        </Fact>
        <Fact name="Kind">{kindLabels[delivery.kind]}</Fact>
        <Fact name="Created">
          <Time atMs={delivery.createdAtMs} nowMs={nowMs} />
        </Fact>
      </dl>
      <dl class="facts">
        <Fact name="Delivery id">
          <code>{delivery.id}</code>
        </Fact>
        <Fact name="Event id">
          <a href={deliveriesPath({ q: delivery.eventId })}>
            <code>{delivery.eventId}</code>
          </a>
        </Fact>
      </dl>
    </>
  );
}

/** One delivery: its attempts on a time line, and the event that it carries. */
export async function deliveryPage(c: Context, dashboard: Dashboard): Promise<Response> {
  const { sender, clock } = dashboard.emulator;
  const id = c.req.param('id') ?? '';
  const details = await sender.getDelivery(id);
  if (!details) return problemPage(c, dashboard, 404, `There is no delivery with the id ${id}.`);
  const { delivery, event, attempts } = details;
  const endpoint = await sender.getEndpoint(delivery.endpointId);
  const nowMs = clock.now();
  const body = new TextDecoder().decode(event.body);
  return respondWithPage(c, dashboard, {
    title: `${delivery.eventType} ${delivery.id}`,
    section: 'deliveries',
    content: (
      <>
        <p class="back">
          <a href="/deliveries">Deliveries</a>
        </p>
        <div class="title">
          <h1>{delivery.eventType}</h1>
          <span id="delivery-status" data-live="">
            <DeliveryBadge delivery={delivery} />
          </span>
          <div class="buttons">
            {endpoint && delivery.kind !== 'ping' && (
              <ActionButton
                action={deliveryPath(delivery.id, 'redeliver')}
                token={dashboard.token}
                label="Redeliver"
                kind="primary"
              />
            )}
          </div>
        </div>
        <Facts delivery={delivery} endpoint={endpoint} nowMs={nowMs} />
        <div id="attempts" data-live="">
          <Outlook delivery={delivery} lastAttempt={attempts.at(-1)} endpoint={endpoint} nowMs={nowMs} />
          <h2>Attempts</h2>
          {attempts.length === 0 && <p class="muted">No attempt has begun.</p>}
          <ol class="timeline">
            {attempts.map((attempt, index) => (
              <Attempt attempt={attempt} body={body} nowMs={nowMs} isLast={index === attempts.length - 1} />
            ))}
          </ol>
        </div>
        <h2>Event</h2>
        <p class="muted">The body of the request. Each attempt sends and signs the same bytes.</p>
        <Body id="event" label="body of the event" text={body} />
      </>
    ),
  });
}
