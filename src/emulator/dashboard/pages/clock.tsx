import type { Context } from 'hono';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { DeliveryRecord } from '../../../sender/records.js';
import type { Dashboard } from '../context.js';
import { formatExact } from '../format.js';
import { deliveryPath } from '../links.js';
import { EmptyState, Notice } from '../parts/feedback.js';
import { ActionButton } from '../parts/form.js';
import { describeOffset } from '../parts/layout.js';
import { Badge } from '../parts/status.js';
import { Time } from '../parts/time.js';
import { respondWithPage } from '../respond.js';

/** The most scheduled attempts that the page lists. */
const maxUpcoming = 100;

function Upcoming(props: {
  readonly deliveries: readonly DeliveryRecord[];
  readonly nowMs: number;
}): JSX.Element {
  const { deliveries, nowMs } = props;
  return (
    <table class="cards">
      <caption class="hidden">Scheduled attempts, the next one first</caption>
      <thead>
        <tr>
          <th scope="col">Due</th>
          <th scope="col">Event</th>
          <th scope="col">Attempt</th>
        </tr>
      </thead>
      <tbody>
        {deliveries.map((delivery) => (
          <tr data-key={delivery.id}>
            <td data-label="Due" class="nowrap status">
              <Time atMs={delivery.dueAtMs ?? nowMs} nowMs={nowMs} />
            </td>
            <td data-label="Event" class="lead">
              <a href={deliveryPath(delivery.id)}>{delivery.eventType}</a>
            </td>
            <td data-label="Attempt">{delivery.attempts + 1}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Controls({
  dashboard,
  hasNext,
}: {
  readonly dashboard: Dashboard;
  readonly hasNext: boolean;
}): JSX.Element {
  const { emulator, token, clockRunner } = dashboard;
  const cannotMove = clockRunner.isRunning || !hasNext;
  return (
    <div class="buttons">
      <ActionButton
        action="/clock/jump"
        token={token}
        label="Jump to the next attempt"
        kind="primary"
        disabled={cannotMove}
      />
      <ActionButton
        action="/clock/run"
        token={token}
        label="Run to the end of the schedule"
        disabled={cannotMove}
      />
      {emulator.clock.isPaused ? (
        <ActionButton action="/clock/resume" token={token} label="Resume" />
      ) : (
        <ActionButton action="/clock/pause" token={token} label="Pause" />
      )}
    </div>
  );
}

/** The clock, its controls, and the attempts that wait for it. */
export async function clockPage(c: Context, dashboard: Dashboard): Promise<Response> {
  const { emulator, clockRunner } = dashboard;
  const { isPaused } = emulator.clock;
  const scheduled = await emulator.sender.listDeliveries({ status: 'scheduled', limit: maxUpcoming });
  const deliveries = [...scheduled.items].sort((a, b) => (a.dueAtMs ?? 0) - (b.dueAtMs ?? 0));
  const nowMs = emulator.clock.now();
  return respondWithPage(c, dashboard, {
    title: 'Clock',
    section: 'clock',
    content: (
      <>
        <h1>Clock</h1>
        <p class="muted">
          {`Retries take up to 2 h 36 min. The emulator's clock can be moved forward, so that nobody has to wait. It never goes back; requests always carry this machine's time.`}
        </p>
        <div id="clock" class="panel" data-live="">
          <p class="now">
            <time datetime={new Date(nowMs).toISOString()} title={formatExact(nowMs)}>
              {new Date(nowMs).toISOString().slice(0, 10)}{' '}
              <span data-clock="">{new Date(nowMs).toISOString().slice(11, 19)}</span> UTC
            </time>{' '}
            {isPaused ? <Badge tone="waiting" label="Paused" /> : <Badge tone="good" label="Running" />}
            <span class="muted">{describeOffset(nowMs)}</span>
          </p>
          {clockRunner.isRunning && (
            <Notice kind="info">
              <p>The clock is being moved. It waits for attempts that are in flight.</p>
            </Notice>
          )}
          {clockRunner.lastError !== undefined && (
            <Notice kind="error">
              <p>The clock could not be moved: {clockRunner.lastError}</p>
            </Notice>
          )}
          <Controls dashboard={dashboard} hasNext={deliveries.length > 0} />
        </div>
        <section id="upcoming" data-live="">
          <h2>Scheduled attempts</h2>
          {deliveries.length === 0 ? (
            <EmptyState title="Nothing waits for the clock">
              <p>
                An attempt is scheduled after another one has failed. Let your receiver answer with 500, and{' '}
                <a href="/send">send an event</a>.
              </p>
            </EmptyState>
          ) : (
            <Upcoming deliveries={deliveries} nowMs={nowMs} />
          )}
          {scheduled.nextCursor !== undefined && (
            <p class="muted">
              Only the newest {maxUpcoming} are listed. <a href="/deliveries?status=scheduled">All of them</a>
            </p>
          )}
        </section>
      </>
    ),
  });
}
