import type { NoticeLinks } from './notice.js';
import { cleanLine } from './text.js';

/** Longer addresses are truncated on the way, and then lead elsewhere. */
const maxAddress = 2_048;
/** The longest host name there is. */
const maxHostName = 253;
const ipv4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Whether the host is an IPv4 address that the text writes as something else: decimal, hex, octal, short. */
function isDisguisedIp(text: string, { hostname }: URL): boolean {
  if (!ipv4.test(hostname)) return false;
  const [authority = ''] = text.replace(/^[^:]*:[/\\]*/, '').split(/[/\\?#]/, 1);
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
  return host !== hostname;
}

/**
 * An address that may be made a link: http or https, and without a user's name or password, which must not
 * reach a channel (repository addresses carry tokens). Anything else is undefined.
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

/** Whether a host name has at least two labels, each of a legal form. An IPv6 address has none. */
function isDotted(hostname: string): boolean {
  const labels = hostname.split('.');
  return (
    labels.length > 1 &&
    labels.every((label) => /^[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u.test(label))
  );
}

/**
 * The same for a provider that rejects a whole message for a link whose host has no dot (`localhost`, a name in
 * an intranet, IPv6).
 */
export function dottedWebAddress(value: unknown): string | undefined {
  const address = webAddress(value);
  return address !== undefined && isDotted(new URL(address).hostname) ? address : undefined;
}

/** The address of a site from its host name. A wildcard, a port, a path or a name without a dot is none. */
export function siteAddress(domain: unknown): string | undefined {
  const text = cleanLine(domain);
  return text && text.length <= maxHostName && /^[\p{L}\p{N}][\p{L}\p{N}.-]*$/u.test(text)
    ? dottedWebAddress(`https://${text}`)
    : undefined;
}

/**
 * A repository's address without what grants access: the user's name and password before the host, and the
 * query. `git@host:path` has neither.
 */
export function repositoryAddress(value: unknown): string | undefined {
  const text = cleanLine(value)?.replace(/[?#].*$/, '');
  const at = text?.lastIndexOf('@') ?? -1;
  if (text === undefined || at < 0) return text;
  const [scheme = ''] = /^\w+:\/\//.exec(text) ?? [];
  const user = text.slice(scheme.length, at);
  return scheme !== '' || user.includes(':') ? scheme + text.slice(at + 1) : text;
}

/** The links of a notice that can be shown, logs first: they say why. */
export function linkList(
  links: NoticeLinks | undefined,
  toAddress: (value: unknown) => string | undefined,
): { text: string; address: string }[] {
  return [
    { text: 'Logs', address: toAddress(links?.logs) },
    { text: 'Dashboard', address: toAddress(links?.dashboard) },
  ].filter((link): link is { text: string; address: string } => link.address !== undefined);
}
