import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allChecks } from '../../../src/cli/check/checks/index.ts';
import { groups } from '../../../src/cli/check/types.ts';

/** The section about a check. The twelve event types share one. */
function describeCheck({ id, title, severity, why, fix }: (typeof allChecks)[number]): string {
  const isEvent = id.startsWith('event-');
  const name = isEvent ? '`event-…`, for each event type' : `\`${id}\``;
  const [shownTitle, shownWhy] = [title, why].map((text) =>
    isEvent ? text.replace(id.slice('event-'.length), 'the type') : text,
  );
  return `**${name}** (${severity}): ${shownTitle}.\n_Why:_ ${shownWhy}\n_Fix:_ ${fix}\n`;
}

it('docs/check.md lists every check with its reason and its fix', () => {
  const page = readFileSync('docs/check.md', 'utf8');
  const expected = groups.map((group) => {
    const sections = allChecks.filter((check) => check.group === group).map(describeCheck);
    return `### ${group}\n\n${[...new Set(sections)].join('\n')}`;
  });
  const listed = page.slice(page.indexOf('## All checks')).replace(/^## All checks\n\n/, '');
  // Prettier may break lines.
  const normalize = (text: string) => text.replace(/\s+/g, ' ').replaceAll('\\', '').trim();
  expect(normalize(listed)).toBe(normalize(expected.join('\n')));
});

it('a check comes after those that it requires', () => {
  const ids = allChecks.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, requires = [] } of allChecks) {
    for (const required of requires) expect(ids.slice(0, ids.indexOf(id))).toContain(required);
  }
});
