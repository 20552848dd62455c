import type { JSX } from 'hono/jsx/jsx-runtime';
import { eventTypes } from '../../../events/types.js';
import type { FormFields } from '../forms.js';
import { Field } from './form.js';

/** The fields of an endpoint that the user edits. */
export interface EndpointDraft {
  readonly url: string;
  /** Names of event types, or only `*`. */
  readonly events: readonly string[];
}

export function readEndpointDraft(form: FormFields): EndpointDraft {
  const events = form.text('scope') === 'some' ? form.all('events') : ['*'];
  return { url: form.text('url'), events };
}

function Events({ events }: { readonly events: readonly string[] }): JSX.Element {
  const isAll = events.includes('*');
  return (
    <fieldset class="field events">
      <legend>Events</legend>
      <div class="scope">
        <label>
          <input type="radio" name="scope" value="all" checked={isAll} autocomplete="off" />
          All events, also types that are added later
        </label>
        <label>
          <input type="radio" name="scope" value="some" checked={!isAll} autocomplete="off" />
          Only these
        </label>
      </div>
      <div class="checks">
        {eventTypes.map((name) => (
          <label>
            <input
              type="checkbox"
              name="events"
              value={name}
              checked={events.includes(name)}
              autocomplete="off"
            />
            {name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function EndpointFields({ draft }: { readonly draft: EndpointDraft }): JSX.Element {
  return (
    <>
      <Field id="url" label="URL" hint="An address on this machine, or https: on another one.">
        <input
          id="url"
          name="url"
          type="url"
          required
          value={draft.url}
          placeholder="http://localhost:3000/webhooks/hostwares"
          autocomplete="off"
          spellcheck={false}
          aria-describedby="url-hint"
        />
      </Field>
      <Events events={draft.events} />
    </>
  );
}

/** The field of a secret. It never shows one that exists. */
export function SecretField({ label }: { readonly label: string }): JSX.Element {
  return (
    <Field
      id="secret"
      label={label}
      hint="16 characters or more. Without it, one is generated and shown once."
    >
      <input
        id="secret"
        name="secret"
        type="text"
        maxlength={1024}
        autocomplete="off"
        spellcheck={false}
        aria-describedby="secret-hint"
      />
    </Field>
  );
}
