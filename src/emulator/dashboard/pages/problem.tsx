import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Dashboard } from '../context.js';
import { EmptyState } from '../parts/feedback.js';
import { respondWithPage } from '../respond.js';

const titles: Readonly<Record<number, string>> = {
  403: 'The form was rejected',
  404: 'Not found',
  413: 'Too large',
  422: 'Not valid',
};

/** A page that says why a request was not carried out. */
export function problemPage(
  c: Context,
  dashboard: Dashboard,
  status: ContentfulStatusCode,
  message: string,
): Promise<Response> {
  const title = titles[status] ?? 'Something went wrong';
  return respondWithPage(c, dashboard, {
    title,
    section: 'deliveries',
    status,
    content: (
      <>
        <h1>{title}</h1>
        <EmptyState title={message}>
          <p>
            <a href="/deliveries">Look at the deliveries</a>
          </p>
        </EmptyState>
      </>
    ),
  });
}
