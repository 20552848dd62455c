import { eventTypes, isEventType } from '../events/types.js';
import { CliError } from './cli-error.js';
import { nearest } from './nearest.js';
import { escapeControls, truncate } from './style.js';

/** Ends a message about an unknown event type: the nearest one, or all of them. */
export function suggestEvent(name: string): string {
  const suggestion = nearest(name, eventTypes);
  return suggestion === undefined ? `Known: ${eventTypes.join(', ')}.` : `Did you mean ${suggestion}?`;
}

function expandName(name: string, others: readonly string[]): readonly string[] {
  if (name === '*' || isEventType(name) || others.includes(name)) return [name];
  const [before, after, ...more] = name.split('*');
  const matching =
    after === undefined || more.length > 0
      ? []
      : eventTypes.filter((type) => type.startsWith(before ?? '') && type.endsWith(after));
  if (matching.length > 0) return matching;
  throw new CliError(`${escapeControls(truncate(name, 80))} is not an event type. ${suggestEvent(name)}`);
}

/**
 * Expands a list of event types, separated by commas, in which `*` stands for any characters: `deployment.*` is all
 * deployments. Returns `['*']` if the list contains `*` alone.
 *
 * @param others - Names that are accepted besides the twelve types.
 * @throws CliError for a name that matches no type
 */
export function expandEvents(list: string, others: readonly string[] = []): readonly string[] {
  const names = list.split(',').map((name) => name.trim());
  const types = new Set(names.filter((name) => name !== '').flatMap((name) => expandName(name, others)));
  if (types.size === 0) throw new CliError('The list of events is empty. Name event types, or * for all.');
  return types.has('*') ? ['*'] : [...types];
}
