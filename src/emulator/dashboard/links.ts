/** The paths of the dashboard's pages. Ids come from outside, so they are encoded. */

export function endpointPath(id: string, action?: string): string {
  return `/settings/webhooks/${encodeURIComponent(id)}${action === undefined ? '' : `/${action}`}`;
}

export function deliveryPath(id: string, action?: string): string {
  return `/deliveries/${encodeURIComponent(id)}${action === undefined ? '' : `/${action}`}`;
}

export function mailPath(id: string, action?: string): string {
  return `/mailbox/${encodeURIComponent(id)}${action === undefined ? '' : `/${action}`}`;
}

/** Returns the path of the list of deliveries with some filters. Empty ones are left out. */
export function deliveriesPath(filters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(
    Object.entries(filters).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  ).toString();
  return query === '' ? '/deliveries' : `/deliveries?${query}`;
}

/** Whether a URL may be a link: any other scheme could run a script. */
export function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
