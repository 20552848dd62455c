import type { Context } from 'hono';
import { isSenderError } from '../../sender/errors.js';

/** The fields of a form that was posted. Files count as missing. */
export class FormFields {
  constructor(private readonly fields: Readonly<Record<string, unknown>>) {}

  /** Returns a field without the white space around it; '' if it is missing. */
  text(name: string): string {
    return this.raw(name).trim();
  }

  /** Returns a field as it was posted; '' if it is missing. */
  raw(name: string): string {
    return this.all(name)[0] ?? '';
  }

  /** Returns every value of a field, such as the check boxes of a group. */
  all(name: string): readonly string[] {
    const value = Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    return values.filter((each) => typeof each === 'string');
  }
}

export async function readForm(c: Context): Promise<FormFields> {
  return new FormFields(await c.req.parseBody({ all: true }));
}

/** Returns the message of an error that the user can act on. @throws any other error */
export function describeRejection(error: unknown): string {
  if (isSenderError(error)) return error.message;
  throw error;
}
