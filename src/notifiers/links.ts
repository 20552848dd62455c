import { cleanLine } from './text.js';

/**
 * An address that may be made a link: http or https, and without a user's name or password, which have
 * no place in a channel (repository addresses carry tokens). Anything else is undefined.
 */
export function webAddress(value: unknown): string | undefined {
  const text = cleanLine(value);
  if (!text || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  url.username = '';
  url.password = '';
  // What closes a link in Slack's markup or in Markdown.
  return url.href.replace(/[|()'"<>\\`*_~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The address of a site from its host name. A wildcard, a port or a path is no host name. */
export function siteAddress(domain: unknown): string | undefined {
  const text = cleanLine(domain);
  return text && /^[\p{L}\p{N}][\p{L}\p{N}.-]*$/u.test(text) ? webAddress(`https://${text}`) : undefined;
}
