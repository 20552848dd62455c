import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Endpoint } from '../../../sender/types.js';
import { endpointPath, isWebUrl } from '../links.js';

/** A URL from outside: a link if it is one of the web, otherwise text. */
export function WebUrl({ url }: { readonly url: string }): JSX.Element {
  if (!isWebUrl(url)) return <span class="url">{url}</span>;
  return (
    <a class="url" href={url} rel="noreferrer noopener" target="_blank">
      {url}
    </a>
  );
}

/**
 * A link to the page of an endpoint, by its URL; a short one leaves out the scheme. An endpoint that was deleted has its
 * id only.
 */
export function EndpointLink(props: {
  readonly id: string;
  readonly endpoint: Endpoint | undefined;
  readonly isShort?: boolean;
}): JSX.Element {
  if (!props.endpoint) {
    return (
      <span class="muted" title={props.id}>
        deleted endpoint
      </span>
    );
  }
  return (
    <a class="url" href={endpointPath(props.id)} title={props.endpoint.url}>
      {props.isShort ? props.endpoint.url.replace(/^https?:\/\//, '') : props.endpoint.url}
    </a>
  );
}
