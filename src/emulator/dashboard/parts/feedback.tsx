import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Flash } from '../flash-messages.js';
import { CopyButton } from './code.js';

/** A message with a tone. With a role, screen readers read it out, also each time it changes. */
export function Notice(props: {
  readonly kind: 'success' | 'warning' | 'error' | 'info';
  readonly role?: 'alert' | 'status';
  readonly children: Child;
}): JSX.Element {
  return (
    <div class={`notice ${props.kind}`} role={props.role}>
      {props.children}
    </div>
  );
}

export function FlashNotice({ flash }: { readonly flash: Flash }): JSX.Element {
  return (
    <Notice kind={flash.kind} role={flash.kind === 'error' ? 'alert' : 'status'}>
      <p>
        {flash.text}{' '}
        {flash.deliveryId !== undefined && (
          <a href={`/deliveries/${encodeURIComponent(flash.deliveryId)}`}>
            Look at the request and its response
          </a>
        )}
      </p>
      {flash.secret !== undefined && (
        <>
          <p>
            The signing secret is shown this once. Put it into the <code>.env</code> file of your receiver:
          </p>
          <p class="secret">
            <code id="new-secret">{`HOSTWARES_WEBHOOK_SECRET=${flash.secret}`}</code>
            <CopyButton target="new-secret" label="Copy" />
          </p>
        </>
      )}
    </Notice>
  );
}

/** Says that there is nothing yet, and what to do next. */
export function EmptyState(props: { readonly title: string; readonly children: Child }): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{props.title}</p>
      {props.children}
    </div>
  );
}
