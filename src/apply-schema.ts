import { WebhookError } from './errors.js';
import type { WebhookEvent } from './events/types.js';
import type { StandardIssue, StandardSchemaV1 } from './standard-schema.js';

/** The place an issue is about, and what the schema says of it. Some libraries quote the value. */
function describeIssue({ message, path = [] }: StandardIssue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`;
}

/** What the schema makes of the event. Loaded by those who have schemas. */
export async function applySchema(schema: StandardSchemaV1, event: WebhookEvent): Promise<unknown> {
  const result = await schema['~standard'].validate(event);
  if (!result.issues) return result.value;
  throw new WebhookError('schema_mismatch', `The event ${event.event} does not fit its schema.`, {
    hint: result.issues.map(describeIssue).join('; '),
    cause: result.issues,
  });
}
