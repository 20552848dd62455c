import type { Context } from 'hono';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Fault, FaultKind } from '../../types.js';
import type { Dashboard } from '../context.js';
import { EmptyState } from '../parts/feedback.js';
import { ActionButton, Field, PostForm } from '../parts/form.js';
import { respondWithPage } from '../respond.js';

/** The kinds of faults with their names, and what a correct receiver does. */
const faultDescriptions: Readonly<
  Record<FaultKind, { readonly label: string; readonly effect: string; readonly expected: string }>
> = {
  duplicate: {
    label: 'Duplicated',
    effect: 'The request is sent twice, at the same time.',
    expected: 'one is handled, the other has no effect.',
  },
  delay: {
    label: 'Delayed',
    effect: 'The request is sent 3 s later.',
    expected: 'it is handled as usual.',
  },
  reorder: {
    label: 'Reordered',
    effect: 'The request is sent after the next one, or after 3 s.',
    expected: 'an older event does not overwrite a newer one.',
  },
  tamper: {
    label: 'Tampered',
    effect: 'One byte of the body is changed after it was signed.',
    expected: 'it is rejected with 401.',
  },
  stale: {
    label: 'Stale',
    effect: 'The timestamp header is an hour old.',
    expected: 'it is rejected with 401.',
  },
  truncate: {
    label: 'Cut off',
    effect: 'The connection is closed in the middle of the body.',
    expected: 'nothing is handled.',
  },
  'old-secret': {
    label: 'Old secret',
    effect: "It is signed with the endpoint's previous secret, or with a wrong one if there is none.",
    expected: 'it is rejected with 401, unless the receiver still accepts the previous secret.',
  },
};

function Choice({ kind, checked }: { readonly kind: FaultKind; readonly checked: boolean }): JSX.Element {
  const { label, effect, expected } = faultDescriptions[kind];
  return (
    <label class="choice-card">
      <input type="radio" name="kind" value={kind} checked={checked} autocomplete="off" />
      <span>
        <strong>{label}</strong>
        <span>{effect}</span>
        <span class="muted">Expected: {expected}</span>
      </span>
    </label>
  );
}

function Waiting({
  faults,
  token,
}: {
  readonly faults: readonly Fault[];
  readonly token: string;
}): JSX.Element {
  if (faults.length === 0) {
    return (
      <EmptyState title="No faults wait">
        <p>
          Choose a kind, add it, and <a href="/send">send an event</a>: the next attempt has the fault.
        </p>
      </EmptyState>
    );
  }
  return (
    <>
      <ol class="faults">
        {faults.map(({ kind, remaining }) => (
          <li data-key={kind}>
            <strong>{faultDescriptions[kind].label}</strong>:{' '}
            {remaining === 1 ? 'the next attempt' : `the next ${remaining} attempts`}
          </li>
        ))}
      </ol>
      <ActionButton action="/faults/clear" token={token} label="Clear" />
    </>
  );
}

/** The faults that wait for attempts, and the form that adds some. */
export function faultsPage(c: Context, dashboard: Dashboard): Promise<Response> {
  const kinds = Object.keys(faultDescriptions) as FaultKind[];
  return respondWithPage(c, dashboard, {
    title: 'Faults',
    section: 'faults',
    content: (
      <>
        <h1>Faults</h1>
        <p class="muted">
          Networks and senders fail. Here the next attempts fail on purpose, to test how a receiver behaves.
          Pings are left alone.
        </p>
        <section id="waiting" class="panel" data-live="">
          <h2>Waiting for the next attempts</h2>
          <Waiting faults={dashboard.emulator.faults.list()} token={dashboard.token} />
        </section>
        <PostForm action="/faults" token={dashboard.token} class="panel">
          <fieldset class="choices">
            <legend>Add a fault</legend>
            {kinds.map((kind, index) => (
              <Choice kind={kind} checked={index === 0} />
            ))}
          </fieldset>
          <Field id="count" label="Number of attempts">
            <input
              id="count"
              name="count"
              type="number"
              min={1}
              max={1000}
              value="1"
              required
              autocomplete="off"
            />
          </Field>
          <div class="buttons">
            <button type="submit" class="primary">
              Add
            </button>
          </div>
        </PostForm>
      </>
    ),
  });
}
