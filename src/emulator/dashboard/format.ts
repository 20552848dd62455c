/** Formats values as the pages show them. The script of the pages formats relative times in the same way. */

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Formats a time relative to another one: `12 s ago`, `in 5 min`, `now`. */
export function formatRelative(atMs: number, nowMs: number): string {
  const distanceMs = Math.abs(atMs - nowMs);
  if (distanceMs < secondMs) return 'now';
  const length =
    distanceMs < minuteMs
      ? `${Math.floor(distanceMs / secondMs)} s`
      : distanceMs < hourMs
        ? `${Math.floor(distanceMs / minuteMs)} min`
        : distanceMs < 2 * dayMs
          ? `${Math.floor(distanceMs / hourMs)} h`
          : `${Math.floor(distanceMs / dayMs)} days`;
  return atMs > nowMs ? `in ${length}` : `${length} ago`;
}

/** Formats a time exactly: `2026-01-31 08:00:00.000 UTC`. */
export function formatExact(atMs: number): string {
  return `${new Date(atMs).toISOString().replace('T', ' ').slice(0, -1)} UTC`;
}

/** Formats a duration by its two largest units: `2 h 36 min`, `4.2 s`, `15 ms`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < secondMs) return `${Math.round(durationMs)} ms`;
  if (durationMs < minuteMs) return `${Math.round(durationMs / 100) / 10} s`;
  const units = [
    [Math.floor(durationMs / dayMs), 'd'],
    [Math.floor(durationMs / hourMs) % 24, 'h'],
    [Math.floor(durationMs / minuteMs) % 60, 'min'],
    [Math.floor(durationMs / secondMs) % 60, 's'],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** Formats a number of bytes: `512 B`, `12.3 KiB`. */
export function formatBytes(bytes: number): string {
  return bytes < 1_024 ? `${bytes} B` : `${Math.round(bytes / 102.4) / 10} KiB`;
}

/** Indents JSON; undefined if the text is not JSON. */
export function formatJson(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}

/** Formats a count with its noun: `1 attempt`, `2 attempts`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
