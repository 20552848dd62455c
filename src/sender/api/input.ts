import type { Context } from 'hono';
import { array, boolean, optional, strictObject, string, type ZodMiniType } from 'zod/mini';
import { quote } from '../errors.js';
import type { DeliveryStatus } from '../records.js';
import type { ListOptions } from '../types.js';
import { rejection } from './rejection.js';

export const createSchema = strictObject({
  url: string(),
  events: array(string()),
  secret: optional(string()),
});
export const updateSchema = strictObject({ url: optional(string()), events: optional(array(string())) });
export const enableSchema = strictObject({ release: optional(boolean()) });
export const rotateSchema = strictObject({ secret: optional(string()) });
export const emptySchema = strictObject({});

const deliveryStatuses: readonly string[] = [
  'scheduled',
  'attempting',
  'held',
  'succeeded',
  'failed',
  'cancelled',
] satisfies DeliveryStatus[];

type ParseResult<Value> = ReturnType<ZodMiniType<Value>['safeParse']>;
type Issue = NonNullable<ParseResult<unknown>['error']>['issues'][number];

function describeIssue(issue: Issue | undefined): string {
  if (issue?.code === 'unrecognized_keys') {
    return `${quote(issue.keys.join(', ')).slice(1, -1)}: not a field of this call`;
  }
  const field = issue?.path.join('.') ?? '';
  const expected = issue?.code === 'invalid_type' ? `expected ${issue.expected}` : 'is not what was expected';
  return `${field === '' ? 'the body' : field}: ${expected}`;
}

/**
 * Reads the JSON body; an absent one counts as an empty object.
 *
 * @throws a rejection that names the field
 */
export async function readBody<Value>(c: Context, schema: ZodMiniType<Value>): Promise<Value> {
  const text = await c.req.text();
  let json: unknown;
  try {
    json = text === '' ? {} : JSON.parse(text);
  } catch {
    throw rejection(400, 'the body is not JSON');
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw rejection(422, describeIssue(result.error.issues[0]));
}

/**
 * Reads `cursor` and `limit`. The sender checks their values; this function checks only that `limit` consists of
 * digits.
 */
export function readPage(c: Context): ListOptions {
  const { cursor, limit } = c.req.query();
  if (limit !== undefined && !/^\d{1,3}$/.test(limit)) {
    throw rejection(422, 'limit: expected a whole number from 1 to 100');
  }
  return { cursor, limit: limit === undefined ? undefined : Number(limit) };
}

/** Reads the filters of a list of deliveries. */
export function readDeliveryFilter(c: Context): {
  status?: DeliveryStatus | undefined;
  event?: string | undefined;
  eventId?: string | undefined;
} {
  const { status, event, event_id: eventId } = c.req.query();
  if (status !== undefined && !deliveryStatuses.includes(status)) {
    throw rejection(422, `status: expected one of ${deliveryStatuses.join(', ')}`);
  }
  return { status: status as DeliveryStatus | undefined, event, eventId };
}
