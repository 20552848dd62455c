import { WebhookError } from '../errors.js';
import type { EventType, WebhookEvent } from '../events/types.js';
import type { EventSchemas } from './types.js';
import type { StandardIssue, StandardSchemaV1 } from './standard-schema.js';
import { withTimeout } from '../shared/with-timeout.js';

/** The path of an issue within the event, and its message. Some libraries quote the value. */
function describeIssue({ message, path = [] }: StandardIssue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
  return `${['data', ...keys].join('.')}: ${message}`;
}

/** How long a schema may take to settle, in milliseconds. */
const schemaMs = 5_000;

async function applySchema(schema: StandardSchemaV1, event: WebhookEvent): Promise<unknown> {
  const validating = Promise.resolve(schema['~standard'].validate(event.data));
  const result = await withTimeout(validating, schemaMs, 'misconfigured', 'schema');
  if (!result.issues) return { ...event, data: result.value };
  throw new WebhookError('schema_mismatch', `The data of ${event.event} does not fit its schema.`, {
    hint: result.issues.map(describeIssue).join('; '),
    cause: result.issues,
  });
}

/** Puts into an event what its type's schema returns for `data`. A module of its own, loaded by receivers with schemas. */
export function createSchemaStep(schemas: EventSchemas): (event: WebhookEvent) => Promise<unknown> {
  return async (event) => {
    const schema = schemas[event.event as EventType];
    return schema ? applySchema(schema, event) : event;
  };
}
