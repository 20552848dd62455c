import { expandEvents } from '../../events.js';
import { parseTargetUrl } from '../../target-url.js';

/** An endpoint that `--forward-to` asks for. */
export interface Target {
  readonly url: string;
  /** Undefined if the command line does not say: all events for a new endpoint, no change for an existing one. */
  readonly events: readonly string[] | undefined;
}

/** Names of events, then `=`. A URL has a colon or a slash before its first `=`. */
const withEvents = /^([^=:/?#]+)=(.*)$/;

function unite(first: Target['events'], second: Target['events']): Target['events'] {
  const all = new Set([...(first ?? ['*']), ...(second ?? ['*'])]);
  return all.has('*') ? ['*'] : [...all];
}

/**
 * Reads the values of `--forward-to`: a URL, or `deployment.*=URL`. A URL that appears twice gets the events of both.
 *
 * @param defaultEvents - The value of `--events`, for the URLs without events of their own.
 * @throws CliError for a URL or an event that is not valid
 */
export function parseTargets(
  values: readonly string[],
  defaultEvents: string | undefined,
  allowPrivateNetwork: boolean,
): readonly Target[] {
  const shared = defaultEvents === undefined ? undefined : expandEvents(defaultEvents);
  const byUrl = new Map<string, Target>();
  for (const value of values) {
    const [, names, rest = ''] = withEvents.exec(value) ?? [];
    const url = parseTargetUrl('--forward-to', names === undefined ? value : rest, allowPrivateNetwork);
    const events = names === undefined ? shared : expandEvents(names);
    const previous = byUrl.get(url);
    byUrl.set(url, { url, events: previous ? unite(previous.events, events) : events });
  }
  return [...byUrl.values()];
}
