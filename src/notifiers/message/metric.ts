import { cleanLine, formatNumber } from './text.js';

interface Unit {
  /** The word after the metric, as in "memory usage in percent". */
  readonly word: string;
  /** The text after a number, with its space. */
  readonly suffix: string;
}

const percent: Unit = { word: 'percent', suffix: '%' };
const milliseconds: Unit = { word: 'milliseconds', suffix: ' ms' };
const sizes = ['bytes', 'kB', 'MB', 'GB', 'TB', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Units by the last word of a metric's name. */
const units: ReadonlyMap<string, Unit> = new Map([
  ['percent', percent],
  ['percentage', percent],
  ['pct', percent],
  ['ms', milliseconds],
  ['milliseconds', milliseconds],
  ['seconds', { word: 'seconds', suffix: ' s' }],
  ['minutes', { word: 'minutes', suffix: ' min' }],
  ...sizes.map((size): [string, Unit] => [size.toLowerCase(), { word: size, suffix: ` ${size}` }]),
]);

/** Resources whose name alone does not name a measurement; "usage" is added. */
const resources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ram', 'disk', 'swap', 'storage', 'gpu']);
const abbreviations: ReadonlySet<string> = new Set([
  'api',
  'cpu',
  'db',
  'dns',
  'gpu',
  'http',
  'https',
  'io',
  'ip',
  'ram',
  'sql',
  'ssl',
  'tcp',
  'tls',
  'url',
]);

/** Returns the words of a name in snake case, or undefined for any other text. */
function snakeWords(name: unknown): string[] | undefined {
  const text = cleanLine(name);
  return text && /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/i.test(text) ? text.toLowerCase().split('_') : undefined;
}

function unitOfWords(words: readonly string[] | undefined): Unit | undefined {
  return words && words.length > 1 ? units.get(words.at(-1) ?? '') : undefined;
}

/** Writes a metric in words: `memory_percent` as `Memory usage in percent`. Text that is not in snake case stays unchanged. */
export function formatMetric(metric: unknown): string | undefined {
  const words = snakeWords(metric);
  if (!words) return cleanLine(metric);
  const unit = unitOfWords(words);
  const subject = unit ? words.slice(0, -1) : words;
  const [only = ''] = subject;
  const spelled = subject.map((word) => (abbreviations.has(word) ? word.toUpperCase() : word));
  const text = [...spelled, ...(subject.length === 1 && resources.has(only) ? ['usage'] : [])].join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1) + (unit ? ` in ${unit.word}` : '');
}

/** Returns the unit at the end of a metric's name, as it follows a number: `%` or ` ms`. */
export function unitOf(metric: unknown): string {
  return unitOfWords(snakeWords(metric))?.suffix ?? '';
}

/** Writes a number with its unit. Text stays unchanged, since it may have its own unit. */
export function formatAmount(value: unknown, unit: string): string | undefined {
  const number = formatNumber(value);
  return number === undefined ? cleanLine(value) : number + unit;
}
