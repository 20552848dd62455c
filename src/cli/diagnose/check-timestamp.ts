import { isWebhookError } from '../../errors.js';
import { checkTimestamp } from '../../verify/verify.js';
import { findSignedHeaders } from '../../verify/headers.js';
import { describeDuration } from './duration.js';
import type { Cause, Check } from './diagnosis.js';
import { explained, toHeaders, type Facts } from './explained.js';

/** The clock that a timestamp is compared with. */
export interface Reference {
  readonly ms: number;
  /** The source of the time, for messages. `now` says nothing about the time at which the request arrived. */
  readonly source: '--at' | 'the capture' | 'now';
}

/** The facts about the timestamp header. */
export interface TimestampResult {
  readonly checks: readonly Check[];
  readonly causes: readonly Cause[];
  /** The age is above the tolerance now, which is normal for a capture. */
  readonly isStale: boolean;
}

const names = { '--at': 'the time of --at', 'the capture': 'the time in the capture', now: 'now' };

function describeForm(value: string): string {
  if (/^\s|\s$/.test(value)) return ' There is white space around it.';
  if (/^\d+\.\d+$/.test(value)) return ' It has a fraction: round it down to whole seconds.';
  return /^\d{4}-\d\d-\d\d|GMT/.test(value) ? ' It is a date as text.' : '';
}

function describeAge(value: string, reference: Reference): string {
  const age = Math.floor(reference.ms / 1000) - Number(value);
  if (age === 0) return `is exactly ${names[reference.source]}`;
  const side = age > 0 ? 'before' : 'after';
  return `is ${describeDuration(Math.abs(age))} ${side} ${names[reference.source]}`;
}

/** Checks the timestamp header against the reference time, as a receiver would have done then. */
export async function diagnoseTimestamp(
  facts: Facts,
  reference: Reference,
  toleranceSeconds: number,
): Promise<TimestampResult> {
  const { timestamp } = findSignedHeaders(toHeaders(facts.capture));
  try {
    checkTimestamp(timestamp, toleranceSeconds, reference.ms);
    const text = `timestamp ${describeAge(String(timestamp), reference)}, within ${toleranceSeconds} s`;
    return { checks: [{ outcome: 'pass', text }], causes: [], isStale: false };
  } catch (error) {
    if (!isWebhookError(error)) throw error;
    const { code } = error;
    const hint = await explained(code, { ...facts, nowMs: reference.ms });
    const fail = (text: string, more = ''): TimestampResult => ({
      checks: [{ outcome: 'fail', text }],
      causes: [{ code, text: hint + more }],
      isStale: false,
    });
    if (code === 'missing_timestamp') return fail('header X-Hostwares-Timestamp is missing');
    if (code === 'malformed_timestamp') return fail('timestamp is malformed', describeForm(timestamp ?? ''));
    const seconds = Number(timestamp);
    if (seconds > 1e11) return fail('timestamp is in milliseconds, not seconds');
    const text = `timestamp ${describeAge(String(timestamp), reference)}`;
    if (reference.source !== 'now' || seconds * 1000 > reference.ms) {
      return fail(`${text}, more than ${toleranceSeconds} s`);
    }
    const info = `${text}: normal for a capture. A receiver rejects it by now; pass --at TIME to check it for the time of its arrival`;
    return { checks: [{ outcome: 'info', text: info }], causes: [], isStale: true };
  }
}
