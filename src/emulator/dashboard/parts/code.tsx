import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatBytes, formatJson } from '../format.js';

/** A button that copies the text of an element. Only shown if the script runs. */
export function CopyButton(props: { readonly target: string; readonly label: string }): JSX.Element {
  return (
    <button type="button" class="small needs-script" data-copy={props.target}>
      {props.label}
    </button>
  );
}

/** A block of text in which the keyboard can scroll. */
export function Code(props: {
  readonly id?: string | undefined;
  readonly label: string;
  readonly text: string;
}): JSX.Element {
  return (
    <pre tabindex={0} role="region" aria-label={props.label} id={props.id}>
      {props.text}
    </pre>
  );
}

export function Headers(props: {
  readonly label: string;
  readonly headers: Readonly<Record<string, string>> | null | undefined;
}): JSX.Element {
  const entries = Object.entries(props.headers ?? {});
  if (entries.length === 0) return <p class="muted">No headers.</p>;
  return (
    <dl class="headers" aria-label={props.label}>
      {entries.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A body, pretty and raw. The choice is made by radio buttons and CSS, so it works without the script. */
export function Body(props: {
  readonly id: string;
  readonly label: string;
  readonly text: string;
}): JSX.Element {
  const { id, label, text } = props;
  if (text === '') return <p class="muted">The body is empty.</p>;
  const pretty = formatJson(text);
  const size = formatBytes(new TextEncoder().encode(text).length);
  if (pretty === undefined) {
    return (
      <>
        <p class="muted">{size}, not JSON</p>
        <Code label={label} text={text} />
      </>
    );
  }
  return (
    <div class="body">
      <fieldset class="choice">
        <legend class="hidden">{`Format of the ${label}`}</legend>
        <label>
          <input type="radio" name={`${id}-format`} value="pretty" checked autocomplete="off" />
          Pretty
        </label>
        <label>
          <input type="radio" name={`${id}-format`} value="raw" autocomplete="off" />
          Raw
        </label>
        <span class="muted">{size}</span>
      </fieldset>
      <div class="pretty">
        <Code label={`${label}, pretty`} text={pretty} />
      </div>
      <div class="raw">
        <Code label={`${label}, raw`} text={text} />
      </div>
    </div>
  );
}
