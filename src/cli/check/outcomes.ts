import type { Outcome } from './types.js';

export const pass = (detail = ''): Outcome => ({ state: 'pass', detail });
export const fail = (detail: string): Outcome => ({ state: 'fail', detail });
export const warn = (detail: string): Outcome => ({ state: 'warn', detail });
export const notProven = (detail: string): Outcome => ({ state: 'not-proven', detail });
export const skip = (detail: string): Outcome => ({ state: 'skipped', detail });
