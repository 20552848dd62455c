// Formats values of events for readers. Each function returns undefined for a value that cannot be shown.
import { cleanLine, formatNumber } from './text.js';

/** Three centuries. A larger number is no duration. */
const maxDurationSeconds = 1e10;

/** Writes seconds as `12.5 s`, `3 min 4 s`, `1 h 2 min` or `2 d 3 h`. */
export function formatDuration(seconds: unknown): string | undefined {
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= maxDurationSeconds)) return undefined;
  const tenths = Math.round(seconds * 10) / 10;
  if (tenths < 60) return `${tenths} s`;
  const whole = Math.round(seconds);
  const units: [size: number, name: string, smaller: number, smallerName: string][] = [
    [86_400, 'd', 3_600, 'h'],
    [3_600, 'h', 60, 'min'],
  ];
  const [size, name, smaller, smallerName] = units.find(([each]) => whole >= each) ?? [60, 'min', 1, 's'];
  const rest = Math.floor((whole % size) / smaller);
  const most = `${Math.floor(whole / size)} ${name}`;
  return rest === 0 ? most : `${most} ${rest} ${smallerName}`;
}

/** Writes a commit as its short hash and the first line of its message: `9fceb02 Fix the cart total`. */
export function formatCommit(sha: unknown, message: unknown): string | undefined {
  const hash = cleanLine(sha);
  const short = hash && /^[0-9a-f]{8,}$/i.test(hash) ? hash.slice(0, 7) : hash;
  const firstLine = typeof message === 'string' ? message.trimStart().split(/[\r\n]/, 1)[0] : undefined;
  return cleanLine([short, firstLine].join(' '));
}

/** Writes a constant in words: `RUNNING` as `Running`, `build` as `Build`. Other text stays unchanged. */
export function formatConstant(value: unknown): string | undefined {
  const text = cleanLine(value);
  if (!text || !/^(?:[A-Z][A-Z0-9_]*|[a-z][a-z0-9_]*)$/.test(text)) return text;
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase().replaceAll('_', ' ');
}

/** Writes a part of a whole: `4.2 of 50`. */
export function formatShare(part: unknown, whole: unknown): string | undefined {
  const [some, all] = [formatNumber(part), formatNumber(whole)];
  return some && all ? `${some} of ${all}` : some;
}

/** Returns the date of an ISO 8601 instant, and other text unchanged. */
export function formatDate(instant: unknown): string | undefined {
  const text = cleanLine(instant);
  return text && /^\d{4}-\d\d-\d\dT/.test(text) ? text.slice(0, 10) : text;
}

/** Returns an event's time in milliseconds since 1970. */
export function timeOf(timestamp: unknown): number | undefined {
  const time = typeof timestamp === 'string' ? Date.parse(timestamp) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
