import type { Provider } from './provider.js';

/** The form of a provider's webhook URLs. */
export interface WebhookUrlForm {
  readonly provider: string;
  readonly hosts: readonly string[];
  readonly path: RegExp;
  /** Matches the segments of the path that are the same in every URL, and therefore not secret. */
  readonly publicSegment: RegExp;
  /** The expected form, for the error: `https://hooks.slack.com/services/…`. */
  readonly example: string;
}

const loopback = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
/** Shorter parts occur in ordinary text, and tokens are longer. */
const minSecretLength = 5;

/**
 * Checks a webhook URL. The URL is a secret: no message contains any part of it.
 *
 * @throws `TypeError`
 */
export function checkWebhookUrl(value: unknown, form: WebhookUrlForm, allowAnyHost: boolean): string {
  const { provider, hosts, path, example } = form;
  const wrong = (problem: string): TypeError =>
    new TypeError(`The ${provider} URL ${problem} Expected ${example}; is its environment variable set?`);
  if (typeof value !== 'string' || value.trim() === '') throw wrong('is missing or blank.');
  if (value !== value.trim() || !URL.canParse(value)) throw wrong('is not a URL.');
  const { protocol, hostname, username, password, pathname } = new URL(value);
  const local = allowAnyHost && protocol === 'http:' && loopback.test(hostname);
  if (protocol !== 'https:' && !local) throw wrong('must begin with https:.');
  if (username !== '' || password !== '') throw wrong('must not contain a user name or password.');
  if (allowAnyHost) return value;
  if (!hosts.includes(hostname)) throw wrong(`has another host (allowAnyHost admits one, for a proxy).`);
  if (!path.test(pathname)) throw wrong('has another path.');
  return value;
}

/** The part of a webhook URL that errors may show: `https://hooks.slack.com/…`. */
export function toPublicUrl(url: string): string {
  return `${new URL(url).origin}/…`;
}

/** The text before percent-encoding, or the text itself if it is not valid percent-encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The text as `URLSearchParams` writes it, which is how a URL with an added parameter is sent. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', decoded(text)]]).toString().slice(1);
}

/** The value of a query parameter. Without `=`, the whole parameter is its value. */
function valueOf(parameter: string): string {
  return parameter.slice(parameter.indexOf('=') + 1);
}

/**
 * The secret parts of a URL, longest first, in each encoding that an echo of it can have. The names of query
 * parameters and the provider's fixed path segments are words, not secrets.
 */
export function sensitivePartsOf(url: string, { publicSegment }: WebhookUrlForm): readonly string[] {
  const { pathname, search, hash } = new URL(url);
  const segments = pathname.split('/').filter((segment) => segment !== '' && !publicSegment.test(segment));
  const values = search.slice(1).split('&').map(valueOf);
  const whole = [...segments, ...values, hash.slice(1)];
  const pieces = whole.flatMap((part) => part.split(/[/?&=]/));
  const parts = [...whole, ...pieces].filter((part) => part.length >= minSecretLength);
  const paths = segments.length > 0 ? [pathname + search, pathname] : [];
  return [...paths, ...parts]
    .flatMap((part) => [part, decoded(part), formEncoded(part)])
    .sort((a, b) => b.length - a.length);
}

/** Returns the part of a provider that is the same for all providers whose secret is a webhook URL. */
export function withUrlAsSecret(
  form: WebhookUrlForm,
): Pick<Provider, 'name' | 'toPublicUrl' | 'sensitiveParts'> {
  return {
    name: form.provider,
    toPublicUrl,
    sensitiveParts: (secret) => sensitivePartsOf(secret, form),
  };
}
