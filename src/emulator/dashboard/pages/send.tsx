import type { Context } from 'hono';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Endpoint } from '../../../sender/types.js';
import type { Dashboard } from '../context.js';
import { checkDraft, sampleNames, sampleText, type DraftCheck } from '../event-draft.js';
import { formatCount } from '../format.js';
import { Notice } from '../parts/feedback.js';
import { PostForm, Select } from '../parts/form.js';
import { listEndpoints } from '../queries.js';
import { respondWithPage } from '../respond.js';

/** The state of the editor. */
export interface Draft {
  readonly sample: string;
  readonly text: string;
}

/** What the editor says about its text. */
export interface DraftVerdict {
  readonly kind: 'valid' | 'warning' | 'invalid';
  readonly message: string;
}

function isSubscribed({ events }: Endpoint, type: string): boolean {
  return events.includes('*') || events.includes(type);
}

/** Judges a draft: whether it can be sent, and who would receive it. */
export async function judgeDraft(dashboard: Dashboard, check: DraftCheck): Promise<DraftVerdict> {
  if (!check.ok) return { kind: 'invalid', message: check.message };
  const { accountId } = dashboard.emulator;
  if (check.accountId !== accountId) {
    return {
      kind: 'warning',
      message: `Valid, but no endpoint receives it: account_id is not that of the emulator, ${accountId}.`,
    };
  }
  const endpoints = await listEndpoints(dashboard);
  const subscribed = endpoints.filter((endpoint) => isSubscribed(endpoint, check.type)).length;
  return subscribed === 0
    ? { kind: 'warning', message: `Valid, but no endpoint is subscribed to ${check.type}.` }
    : { kind: 'valid', message: `Valid. It goes to ${formatCount(subscribed, 'endpoint')}.` };
}

function SampleForm({ sample }: { readonly sample: string }): JSX.Element {
  return (
    <form method="get" action="/send" class="row" id="sample-form">
      <label for="sample">Sample</label>
      <Select
        id="sample"
        name="event"
        selected={sample}
        options={sampleNames.map((name) => [
          name,
          name === 'later.version' ? 'later.version (a type that does not exist yet)' : name,
        ])}
      />
      <button type="submit" class="without-script">
        Load the sample
      </button>
    </form>
  );
}

/** The editor, with the verdict about its text. */
export async function sendPage(
  c: Context,
  dashboard: Dashboard,
  draft: Draft,
  status: 200 | 422 = 200,
): Promise<Response> {
  const verdict = await judgeDraft(dashboard, checkDraft(draft.text, dashboard.emulator));
  const hasEndpoints = (await listEndpoints(dashboard)).length > 0;
  return respondWithPage(c, dashboard, {
    title: 'Send',
    section: 'send',
    status,
    content: (
      <>
        <h1>Send an event</h1>
        {!hasEndpoints && (
          <Notice kind="warning">
            <p>
              There is no endpoint yet that could receive it.{' '}
              <a href="/settings/webhooks/new">Add Webhook Endpoint</a>
            </p>
          </Notice>
        )}
        <SampleForm sample={draft.sample} />
        <PostForm action="/send" token={dashboard.token} id="editor-form">
          <input type="hidden" name="sample" value={draft.sample} id="editor-sample" />
          <label for="editor">Event as JSON</label>
          <textarea
            id="editor"
            name="body"
            rows={18}
            spellcheck={false}
            autocomplete="off"
            aria-describedby="verdict editor-hint"
            aria-invalid={verdict.kind === 'invalid' ? 'true' : 'false'}
          >
            {/* HTML drops the first line break of a text area. */}
            {`\n${draft.text}`}
          </textarea>
          <p id="verdict" role="status" class={`verdict ${verdict.kind}`}>
            {verdict.message}
          </p>
          <p class="hint" id="editor-hint">
            Sending adds a new <code>id</code> and the current <code>timestamp</code>, unless the event has
            its own. An id that was sent before adds nothing.
          </p>
          <div class="buttons">
            <button type="submit" class="primary">
              Send
            </button>
          </div>
        </PostForm>
      </>
    ),
  });
}

/** The page with the sample that the query names. */
export function newDraftPage(c: Context, dashboard: Dashboard): Promise<Response> {
  const given = c.req.query('event') ?? '';
  const sample = sampleNames.includes(given) ? given : 'deployment.completed';
  return sendPage(c, dashboard, { sample, text: sampleText(sample, dashboard.emulator.accountId) });
}
