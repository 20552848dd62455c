import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { tokenField } from '../csrf.js';

/** A form that changes something. It carries the token that another site cannot know. */
export function PostForm(props: {
  readonly action: string;
  readonly token: string;
  readonly class?: string;
  readonly id?: string;
  readonly children: Child;
}): JSX.Element {
  return (
    <form method="post" action={props.action} class={props.class} id={props.id}>
      <input type="hidden" name={tokenField} value={props.token} />
      {props.children}
    </form>
  );
}

/** A form that is only a button. */
export function ActionButton(props: {
  readonly action: string;
  readonly token: string;
  readonly label: string;
  readonly kind?: 'primary' | 'danger';
  readonly disabled?: boolean;
}): JSX.Element {
  return (
    <PostForm action={props.action} token={props.token} class="inline">
      <button type="submit" class={props.kind} disabled={props.disabled}>
        {props.label}
      </button>
    </PostForm>
  );
}

/** A label with its field and a hint, which screen readers read with the field. */
export function Field(props: {
  readonly id: string;
  readonly label: string;
  readonly hint?: Child;
  readonly children: Child;
}): JSX.Element {
  return (
    <div class="field">
      <label for={props.id}>{props.label}</label>
      {props.children}
      {props.hint !== undefined && (
        <p class="hint" id={`${props.id}-hint`}>
          {props.hint}
        </p>
      )}
    </div>
  );
}

/** A list of choices. */
export function Select(props: {
  readonly id: string;
  readonly name: string;
  readonly selected: string;
  readonly options: readonly (readonly [value: string, label: string])[];
}): JSX.Element {
  return (
    <select id={props.id} name={props.name} autocomplete="off">
      {props.options.map(([value, label]) => (
        <option value={value} selected={value === props.selected}>
          {label}
        </option>
      ))}
    </select>
  );
}
