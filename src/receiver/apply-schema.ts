import { WebhookError } from '../errors.js';
import type { EventType, WebhookEvent } from '../events/types.js';
import { withTimeout } from '../shared/with-timeout.js';
import type { StandardIssue, StandardSchemaV1 } from './standard-schema.js';
import type { EventSchemas } from './types.js';

/** How long a schema may take to settle, in milliseconds. */
const schemaMs = 5_000;

/** Returns the path of an issue within the event, and its message. Some libraries quote the value in it. */
function describeIssue({ message, path = [] }: StandardIssue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part));
  return `${['data', ...keys].join('.')}: ${message}`;
}

async function applySchema(schema: StandardSchemaV1, event: WebhookEvent): Promise<unknown> {
  const validating = Promise.resolve(schema['~standard'].validate(event.data));
  const result = await withTimeout(validating, {
    timeoutMs: schemaMs,
    code: 'misconfigured',
    subject: 'schema',
  });
  if (!result.issues) return { ...event, data: result.value };
  throw new WebhookError('schema_mismatch', `The data of ${event.event} does not match its schema.`, {
    hint: result.issues.map(describeIssue).join('; '),
    cause: result.issues,
  });
}

/** Returns a function that replaces an event's `data` with the output of its schema. This module is loaded on demand. */
export function createSchemaStep(schemas: EventSchemas): (event: WebhookEvent) => Promise<unknown> {
  return async (event) => {
    const schema = schemas[event.event as EventType];
    return schema ? applySchema(schema, event) : event;
  };
}
