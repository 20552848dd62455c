import type { NoticeLinks } from './notice.js';
import { cleanLine } from './text.js';

/** Longer addresses may be truncated on the way, and then lead elsewhere. */
const maxAddress = 2_048;
/** The longest legal host name. */
const maxHostName = 253;
const ipv4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Returns whether the host is an IPv4 address that the text writes in another form: decimal, hex, octal, short. */
function isDisguisedIp(text: string, { hostname }: URL): boolean {
  if (!ipv4.test(hostname)) return false;
  const [authority = ''] = text.replace(/^[^:]*:[/\\]*/, '').split(/[/\\?#]/, 1);
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
  return host !== hostname;
}

/**
 * Returns an address that may become a link: http or https, without a user name or password, which must not reach a channel
 * (repository addresses contain tokens). Undefined for anything else.
 */
export function webAddress(value: unknown): string | undefined {
  const text = cleanLine(value);
  if (!text || text.length > maxAddress || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (isDisguisedIp(text, url)) return undefined;
  url.username = '';
  url.password = '';
  // These end a link, or the bold text around it, in Slack's markup or in Markdown.
  const address = url.href.replace(
    /[|()'"<>\\`*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return address.length > maxAddress ? undefined : address;
}

/** Returns whether a host name has at least two labels, each of a legal form. An IPv6 address has none. */
function isDotted(hostname: string): boolean {
  const labels = hostname.split('.');
  return (
    labels.length > 1 &&
    labels.every((label) => /^[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u.test(label))
  );
}

/**
 * Like {@link webAddress}, for a provider that rejects a whole message because of a link whose host has no dot (`localhost`, a name in an
 * intranet, IPv6): it is undefined for such an address too.
 */
export function dottedWebAddress(value: unknown): string | undefined {
  const address = webAddress(value);
  return address !== undefined && isDotted(new URL(address).hostname) ? address : undefined;
}

/** Returns the address of a site from its host name. Undefined for a wildcard, a port, a path or a name without a dot. */
export function siteAddress(domain: unknown): string | undefined {
  const text = cleanLine(domain);
  return text && text.length <= maxHostName && /^[\p{L}\p{N}][\p{L}\p{N}.-]*$/u.test(text)
    ? dottedWebAddress(`https://${text}`)
    : undefined;
}

/**
 * Returns a repository's address without its credentials: the user name and password before the host, and the query. `git@host:path`
 * has neither.
 */
export function repositoryAddress(value: unknown): string | undefined {
  const text = cleanLine(value)?.replace(/[?#].*/, '');
  if (text === undefined) return undefined;
  const at = text.lastIndexOf('@');
  if (at < 0) return text;
  const [scheme = ''] = /^\w+:\/\//.exec(text) ?? [];
  const user = text.slice(scheme.length, at);
  return scheme !== '' || user.includes(':') ? scheme + text.slice(at + 1) : text;
}

/** Returns the valid links of a notice. The logs come first, since they show the cause. */
export function linkList(
  links: NoticeLinks | undefined,
  toAddress: (value: unknown) => string | undefined,
): { text: string; address: string }[] {
  return [
    { text: 'Logs', address: toAddress(links?.logs) },
    { text: 'Dashboard', address: toAddress(links?.dashboard) },
  ].filter((link): link is { text: string; address: string } => link.address !== undefined);
}
