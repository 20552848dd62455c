import type { Context } from 'hono';
import type { Dashboard } from '../context.js';
import { endpointPath, mailPath } from '../links.js';
import { Code } from '../parts/code.js';
import { EmptyState } from '../parts/feedback.js';
import { Time } from '../parts/time.js';
import { respondWithPage } from '../respond.js';
import { problemPage } from './problem.js';

/** The e-mails about endpoints, newest first. */
export function mailboxPage(c: Context, dashboard: Dashboard): Promise<Response> {
  const { mailbox, clock } = dashboard.emulator;
  const mails = mailbox.list();
  const nowMs = clock.now();
  return respondWithPage(c, dashboard, {
    title: 'Mailbox',
    section: 'mailbox',
    content: (
      <>
        <h1>Mailbox</h1>
        <div id="mails" data-live="">
          {mails.length === 0 ? (
            <EmptyState title="No e-mails yet">
              <p>
                The platform writes to the owner of an endpoint that it disables. To see it, let your receiver
                fail, <a href="/send">send an event</a>, and <a href="/clock">run the clock to the end</a> of
                the retries.
              </p>
            </EmptyState>
          ) : (
            <ul class="mails">
              {mails.map((mail) => (
                <li data-key={mail.id}>
                  <a class="strong" href={mailPath(mail.id)}>
                    {mail.subject}
                  </a>
                  <span class="muted">
                    to {mail.to}, <Time atMs={mail.sentAtMs} nowMs={nowMs} />
                  </span>
                </li>
              ))}
            </ul>
          )}
        </div>
      </>
    ),
  });
}

/** One e-mail, as HTML and as text. */
export function mailPage(c: Context, dashboard: Dashboard): Promise<Response> {
  const id = c.req.param('id') ?? '';
  const mail = dashboard.emulator.mailbox.get(id);
  if (!mail) return problemPage(c, dashboard, 404, `There is no e-mail with the id ${id}.`);
  return respondWithPage(c, dashboard, {
    title: mail.subject,
    section: 'mailbox',
    content: (
      <>
        <p class="back">
          <a href="/mailbox">Mailbox</a>
        </p>
        <h1>{mail.subject}</h1>
        <dl class="facts">
          <div>
            <dt>To</dt>
            <dd>{mail.to}</dd>
          </div>
          <div>
            <dt>Sent</dt>
            <dd>
              <Time atMs={mail.sentAtMs} nowMs={dashboard.emulator.clock.now()} />
            </dd>
          </div>
          <div>
            <dt>About</dt>
            <dd>
              <a href={endpointPath(mail.endpointId)}>the endpoint</a>
            </dd>
          </div>
        </dl>
        <h2>As HTML</h2>
        <iframe class="mail" title="The e-mail as HTML" sandbox="" src={mailPath(mail.id, 'html')} />
        <h2>As text</h2>
        <Code label="The e-mail as text" text={mail.text} />
      </>
    ),
  });
}

/** The HTML of an e-mail, for the frame. Its policy lets it run and load nothing. */
export function mailHtml(c: Context, dashboard: Dashboard): Response | Promise<Response> {
  const mail = dashboard.emulator.mailbox.get(c.req.param('id') ?? '');
  if (!mail) return c.text('There is no e-mail with this id.', 404);
  c.header(
    'content-security-policy',
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
  );
  return c.html(mail.html);
}
