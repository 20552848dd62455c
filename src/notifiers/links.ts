import { cleanLine } from './text.js';

/** Longer ones are cut by somebody on the way, and then lead elsewhere. */
const maxAddress = 2_048;
/** The longest host name there is. */
const maxHostName = 253;

/**
 * An address that may be made a link: http or https, and without a user's name or password, which have
 * no place in a channel (repository addresses carry tokens). Anything else is undefined.
 */
export function webAddress(value: unknown): string | undefined {
  const text = cleanLine(value);
  if (!text || text.length > maxAddress || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  url.username = '';
  url.password = '';
  // What closes a link in Slack's markup or in Markdown.
  const address = url.href.replace(
    /[|()'"<>\\`]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return address.length > maxAddress ? undefined : address;
}

/** The address of a site from its host name. A wildcard, a port or a path is no host name. */
export function siteAddress(domain: unknown): string | undefined {
  const text = cleanLine(domain);
  return text && text.length <= maxHostName && /^[\p{L}\p{N}][\p{L}\p{N}.-]*$/u.test(text)
    ? webAddress(`https://${text}`)
    : undefined;
}

/**
 * A repository's address without what opens it: a user's name and password before the host, and the query,
 * are not for showing. `git@host:path` has neither.
 */
export function repositoryAddress(value: unknown): string | undefined {
  const text = cleanLine(value)?.replace(/[?#].*$/, '');
  const at = text?.lastIndexOf('@') ?? -1;
  if (text === undefined || at < 0) return text;
  const [scheme = ''] = /^\w+:\/\//.exec(text) ?? [];
  const user = text.slice(scheme.length, at);
  return scheme !== '' || user.includes(':') ? scheme + text.slice(at + 1) : text;
}
