/** What a provider's webhook URLs look like. */
export interface WebhookUrlForm {
  readonly provider: string;
  readonly hosts: readonly string[];
  readonly path: RegExp;
  /** What to expect, for the error: `https://hooks.slack.com/services/…`. */
  readonly shown: string;
}

const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Checks a webhook URL. It is a secret: no message holds any of it.
 *
 * @throws `TypeError`
 */
export function checkWebhookUrl(value: unknown, form: WebhookUrlForm, allowAnyHost: boolean): string {
  const { provider, hosts, path, shown } = form;
  const wrong = (what: string): TypeError =>
    new TypeError(`The ${provider} URL ${what} Expected ${shown}; is its environment variable set?`);
  if (typeof value !== 'string' || value.trim() === '') throw wrong('is missing or blank.');
  if (value !== value.trim() || !URL.canParse(value)) throw wrong('is not a URL.');
  const { protocol, hostname, username, password, pathname } = new URL(value);
  const local = allowAnyHost && protocol === 'http:' && loopback.test(hostname);
  if (protocol !== 'https:' && !local) throw wrong('must begin with https:.');
  if (username !== '' || password !== '') throw wrong('must not hold a user name or password.');
  if (allowAnyHost) return value;
  if (!hosts.includes(hostname)) throw wrong(`has another host (allowAnyHost admits one, for a proxy).`);
  if (!path.test(pathname)) throw wrong('has another path.');
  return value;
}

/** What may be shown of a webhook URL: `https://hooks.slack.com/…`. */
export function shownUrlOf(url: string): string {
  return `${new URL(url).origin}/…`;
}

/** A percent-encoded text as it was, where it can be told. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The parts of a URL that are secret: what follows the host, and each piece of it, encoded or not. */
export function sensitivePartsOf(url: string): readonly string[] {
  const { pathname, search } = new URL(url);
  const whole = [pathname + search, pathname];
  const pieces = (pathname + search).split(/[/?&=]/).filter((piece) => piece.length > 4);
  return [...whole, ...pieces]
    .flatMap((part) => [part, decoded(part)])
    .filter((part) => part.length > 1)
    .sort((a, b) => b.length - a.length);
}
