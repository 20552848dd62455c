import { formatCommit, formatConstant } from './format.js';
import { repositoryAddress, siteAddress, webAddress } from './links.js';
import type { NoticeField } from './notice.js';
import { cleanLine, truncate } from './text.js';

// Long enough to recognise a name or value, and short enough that none pushes the others out of sight.
export const maxName = 80;
const maxValue = 200;

/** Returns the name, otherwise the id, otherwise the given text. */
export function nameOf(name: unknown, id: unknown, otherwise: string): string {
  return truncate(cleanLine(name) ?? cleanLine(id) ?? otherwise, maxName);
}

/** Returns the name of a site, or its id. */
export function siteOf(data: { site_name?: unknown; site_id?: unknown }): string {
  return nameOf(data.site_name, data.site_id, 'A site');
}

/** Returns a field, or undefined if the value cannot be shown. */
export function field(
  name: string,
  value: unknown,
  more: Pick<NoticeField, 'url' | 'wide'> = {},
): NoticeField | undefined {
  const text = cleanLine(value);
  return text === undefined ? undefined : { name, value: truncate(text, maxValue), ...more };
}

/** Always returns a field, with `N/A` for a missing value (contract section 5). */
export function fixedField(name: string, value: unknown, more?: Pick<NoticeField, 'wide'>): NoticeField {
  return field(name, value, more) ?? { name, value: 'N/A' };
}

export function present(...fields: (NoticeField | undefined)[]): NoticeField[] {
  return fields.filter((each) => each !== undefined);
}

/** Returns the domain, unless the title names it. */
export const domainField = (domain: unknown, inTitle?: unknown): NoticeField | undefined =>
  cleanLine(domain) === cleanLine(inTitle)
    ? undefined
    : field('Domain', domain, { url: siteAddress(domain) });

/** Returns the status, unless the title contains it. */
export const statusField = (status: unknown, inTitle: string): NoticeField | undefined =>
  status === inTitle ? undefined : field('Status', formatConstant(status));

/** Returns the site, unless the title names it. */
export function siteField(
  { site_name, site_id }: { site_name?: unknown; site_id?: unknown },
  inTitle?: unknown,
): NoticeField | undefined {
  const site = cleanLine(site_name) ?? cleanLine(site_id);
  return site === cleanLine(inTitle) ? undefined : field('Site', site);
}

export const commitField = (data: { commit_sha?: unknown; commit_message?: unknown }): NoticeField =>
  fixedField('Commit', formatCommit(data.commit_sha, data.commit_message), { wide: true });

export function repositoryField(repository: unknown): NoticeField | undefined {
  const address = repositoryAddress(repository);
  const text = address?.replace(/^https?:\/\//, '').replace(/\/$/, '');
  return field('Repository', text, { url: webAddress(address), wide: true });
}
