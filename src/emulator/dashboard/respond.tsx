import type { Context } from 'hono';
import type { Child } from 'hono/jsx';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Dashboard } from './context.js';
import type { Flash } from './flash-messages.js';
import { Layout, type Section } from './parts/layout.js';

const flashParameter = 'flash';

/** A page without its frame. */
export interface Page {
  readonly title: string;
  readonly section: Section;
  readonly status?: ContentfulStatusCode;
  readonly content: Child;
}

/** Answers with a page, and with the message that waits for it. */
export async function respondWithPage(c: Context, dashboard: Dashboard, page: Page): Promise<Response> {
  const flash = dashboard.flashes.take(c.req.query(flashParameter));
  const { title, section, status = 200, content } = page;
  const html = (
    <Layout
      dashboard={dashboard}
      title={title}
      section={section}
      nowMs={dashboard.emulator.clock.now()}
      flash={flash}
    >
      {content}
    </Layout>
  );
  return c.html(`<!doctype html>${String(await html)}`, status);
}

/** Answers a form: the browser loads the given page next, which shows the message. */
export function redirectWithFlash(c: Context, dashboard: Dashboard, path: string, flash: Flash): Response {
  const separator = path.includes('?') ? '&' : '?';
  return c.redirect(`${path}${separator}${flashParameter}=${dashboard.flashes.add(flash)}`, 303);
}
