import { CliError } from '../../cli-error.js';
import { isRecord } from '../../json.js';
import { escapeControls, truncate } from '../../style.js';

/** A value of `--set`: `data.site_name=shop`. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Names that would change the prototype instead of the event. */
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** @throws CliError that shows how an assignment is written */
export function parseAssignment(text: string): Assignment {
  const shown = escapeControls(truncate(text, 60));
  const [, left, right = ''] = /^([^=]+)=([^]*)$/.exec(text) ?? [];
  const path = left?.split('.') ?? [];
  if (path.length === 0 || path.includes('')) {
    throw new CliError(`--set ${shown}: expected a field and a value, such as data.site_name=shop.`);
  }
  if (path.some((name) => forbidden.has(name))) {
    throw new CliError(`--set ${shown}: ${path.find((name) => forbidden.has(name))} cannot be set.`);
  }
  if (path[0] === 'event') {
    throw new CliError(`--set ${shown}: the event is the first argument of trigger.`);
  }
  return { path, value: parseValue(right) };
}

/** Sets one field of an event. Objects on the way are created. @throws CliError if there is another value on the way */
export function setValue(event: Record<string, unknown>, { path, value }: Assignment): void {
  let target: Record<string, unknown> | unknown[] = event;
  for (const [index, name] of path.entries()) {
    if (Array.isArray(target) && !(/^\d{1,4}$/.test(name) && Number(name) <= target.length)) {
      throw new CliError(`--set ${path.join('.')}: ${name} is not an index of this list.`);
    }
    const fields = target as Record<string, unknown>;
    if (index === path.length - 1) {
      fields[name] = structuredClone(value);
      return;
    }
    const next: unknown = Object.hasOwn(fields, name) ? fields[name] : (fields[name] = {});
    if (!isRecord(next) && !Array.isArray(next)) {
      throw new CliError(`--set ${path.join('.')}: ${path.slice(0, index + 1).join('.')} has no fields.`);
    }
    target = next;
  }
}
