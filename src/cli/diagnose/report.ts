import type { Style } from '../style.js';
import { truncate } from '../style.js';
import type { Capture } from './capture.js';
import type { Check, Diagnosis } from './diagnosis.js';

/** A capture with what was found. */
export interface Finding {
  readonly capture: Capture;
  readonly diagnosis: Diagnosis;
}

/** Makes text from outside safe to print. */
type Clean = (text: string) => string;

const marks: Readonly<Record<Check['outcome'], string>> = { pass: '✔', fail: '✘', tried: '–', info: '–' };

/** Text of the capture is bounded, so that it cannot fill the screen. */
const maxTextLength = 400;

/** Cleans before it truncates: a secret that was cut in two would not be recognised. */
function cleanly(clean: Clean, text: string, maxLength: number): string {
  return truncate(clean(text), maxLength);
}

/** Returns the path of a URL. The rest may hold credentials. */
function pathOf(url: string, clean: Clean): string {
  const path = url.replace(/^[a-z][\w+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  return cleanly(clean, path === '' ? '/' : path, 80);
}

function describe({ format, position, method, url, body }: Capture, clean: Clean): string {
  const request = [
    method === undefined ? undefined : cleanly(clean, method, 20),
    url === undefined ? undefined : pathOf(url, clean),
  ];
  const line = request.filter((each) => each !== undefined).join(' ');
  return [`Read as ${format}`, position, line === '' ? undefined : line, `body of ${body.length} bytes`]
    .filter((each) => each !== undefined)
    .join(', ');
}

/** Formats a finding for people. Each text passes through `clean` before it is coloured. */
export function formatFinding({ capture, diagnosis }: Finding, style: Style, clean: Clean): string {
  const { checks, causes, event } = diagnosis;
  const colours = { pass: style.green, fail: style.red, tried: style.dim, info: style.dim };
  const lines = [style.bold(describe(capture, clean))];
  for (const { outcome, text } of checks) {
    lines.push(colours[outcome](`${marks[outcome]} ${cleanly(clean, text, maxTextLength)}`));
  }
  for (const { text, proof } of causes) {
    const label = proof === undefined && causes.length === 1 && isGuess(diagnosis) ? 'likely cause' : 'cause';
    const evidence = proof === undefined ? '' : ` (${proof})`;
    lines.push(style.yellow(`→ ${label}: ${cleanly(clean, text + evidence, 2 * maxTextLength)}`));
  }
  if (event && causes.length === 0) lines.push(style.green('→ The request is genuine.'));
  return lines.join('\n');
}

/** Tells whether the only cause is a mismatch without a proof. */
function isGuess({ causes }: Diagnosis): boolean {
  return causes.every(({ code, proof }) => code === 'signature_mismatch' && proof === undefined);
}

/** Formats findings for scripts. */
export function toJsonReport(findings: readonly Finding[], clean: Clean, show: boolean): string {
  const requests = findings.map(({ capture, diagnosis: { checks, causes, event, confidential } }) => ({
    format: capture.format,
    position: capture.position ?? null,
    method: capture.method === undefined ? null : cleanly(clean, capture.method, 20),
    path: capture.url === undefined ? null : pathOf(capture.url, clean),
    body_bytes: capture.body.length,
    genuine: causes.length === 0,
    event: event ?? null,
    causes: causes.map(({ code, text, proof }) => ({ code, text, proof: proof ?? null })),
    checks: checks.map(({ outcome, text }) => ({ outcome, text: cleanly(clean, text, maxTextLength) })),
    ...(show && { confidential }),
  }));
  const genuine = findings.every(({ diagnosis }) => diagnosis.causes.length === 0);
  return JSON.stringify(
    { genuine, requests },
    (_, value: unknown) => (typeof value === 'string' ? clean(value) : value),
    2,
  );
}
