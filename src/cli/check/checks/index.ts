import type { Check } from '../types.js';
import { bodyChecks } from './bodies.js';
import { duplicateChecks } from './duplicates.js';
import { exactBytesChecks } from './exact-bytes.js';
import { forgedChecks } from './forged.js';
import { genuineChecks } from './genuine.js';
import { headerChecks } from './headers.js';
import { httpChecks } from './http.js';
import { probeChecks } from './probe.js';
import { reachChecks } from './reach.js';
import { summaryChecks } from './summary.js';
import { timeChecks } from './time.js';

/** Every check, in the order of a run: a check comes after those that it requires. */
export const allChecks: readonly Check[] = [
  ...reachChecks,
  // First, because it finds the event type whose effects the others count.
  ...probeChecks,
  ...genuineChecks,
  ...exactBytesChecks,
  ...forgedChecks,
  ...headerChecks,
  ...timeChecks,
  ...duplicateChecks,
  ...bodyChecks,
  ...httpChecks,
  ...summaryChecks,
];
