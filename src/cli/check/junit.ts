import { countStates } from './grade.js';
import type { CheckRun } from './run-checks.js';
import type { CheckResult } from './types.js';

/** Characters that XML 1.0 does not allow, escaped or not. */
const forbidden = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

function escapeXml(text: string): string {
  return text.replace(forbidden, '\ufffd').replace(/[&<>"'\n\r\t]/g, (char) => entities[char] ?? char);
}

function writeBody({ state, detail, why, fix }: CheckResult): string {
  if (state === 'fail') {
    return `<failure message="${escapeXml(detail)}">${escapeXml(`Why it matters: ${why} Fix: ${fix}`)}</failure>`;
  }
  if (state === 'skipped' || state === 'not-proven') {
    return `<skipped message="${escapeXml(state === 'skipped' ? detail : `Not proven. ${detail}`)}"/>`;
  }
  return state === 'warn' ? `<system-out>${escapeXml(`Warning: ${detail} Fix: ${fix}`)}</system-out>` : '';
}

function writeCase(result: CheckResult): string {
  const { id, group, title, durationMs } = result;
  return [
    `    <testcase classname="${escapeXml(`check.${group}`)}" name="${escapeXml(`${id}: ${title}`)}" time="${(durationMs / 1_000).toFixed(3)}">`,
    writeBody(result),
    '</testcase>',
  ].join('');
}

/** Writes a run as JUnit XML. Warnings are passed cases with an output; what is not proven is skipped. */
export function toJUnitXml(run: CheckRun): string {
  const { pass, warn, fail, skipped, 'not-proven': notProven } = countStates(run);
  const counts = `tests="${pass + warn + fail + skipped + notProven}" failures="${fail}" errors="0" skipped="${skipped + notProven}"`;
  const time = `time="${(run.durationMs / 1_000).toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts} ${time}>`,
    `  <testsuite name="hostwares-webhooks check" ${counts} ${time}>`,
    `    <properties><property name="seed" value="${run.seed}"/></properties>`,
    ...run.results.map(writeCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
