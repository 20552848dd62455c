import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { ApiBackend } from '../api-backend.js';
import { idempotencyKeyMs } from '../delivery/retention.js';
import { newResourceId } from '../ids.js';
import type { IdempotencyRecord } from '../records.js';
import type { KeyClaim } from '../stores/store.js';
import type { ApiContext, ApiEnv } from './context.js';

/** A call without a response after this time counts as abandoned: its process was killed. No call takes as long. */
const abandonedAfterMs = 5 * 60_000;

/** The dependencies of {@link idempotency}. */
export interface IdempotencyOptions {
  readonly backend: Pick<ApiBackend, 'store' | 'now'>;
  /** The most keys that an account may use within 24 hours. */
  readonly maxKeys: number;
  readonly onError: (error: unknown) => unknown;
}

/** Identifies a call: a key is valid for one call only. */
async function fingerprintOf(c: ApiContext): Promise<string> {
  const call = JSON.stringify([c.req.method, c.req.path, await c.req.text()]);
  return createHash('sha256').update(call).digest('hex');
}

function claimKey(
  { backend, maxKeys }: IdempotencyOptions,
  call: Pick<IdempotencyRecord, 'accountId' | 'key' | 'fingerprint'>,
): Promise<KeyClaim> {
  const nowMs = backend.now();
  const record = {
    ...call,
    resourceId: newResourceId(),
    begunAtMs: nowMs,
    isAbandoned: false,
    response: null,
  };
  return backend.store.claimIdempotencyKey(record, {
    beforeMs: nowMs - idempotencyKeyMs,
    abandonedMs: nowMs - abandonedAfterMs,
    limit: maxKeys,
  });
}

/** Answers a call whose key is in use. */
function respondToTaken(c: ApiContext, taken: IdempotencyRecord, fingerprint: string): Response {
  if (taken.fingerprint !== fingerprint) {
    return c.json({ error: 'Idempotency-Key: was used for another call' }, 422);
  }
  if (taken.response === null) {
    c.header('retry-after', '1');
    return c.json({ error: 'Idempotency-Key: the first call with this key is still in progress' }, 409);
  }
  c.header('idempotency-replayed', 'true');
  c.header('content-type', 'application/json');
  return c.body(taken.response.body, taken.response.status as 200);
}

/** Stores the response of a call. If that fails, the caller still gets it: the call has been carried out. */
async function storeResponse(
  { backend, onError }: IdempotencyOptions,
  record: IdempotencyRecord,
  response: Response,
): Promise<void> {
  const { status } = response;
  const failure = status < 500 ? 'released' : 'abandoned';
  const outcome = response.ok ? { status, body: await response.clone().text() } : failure;
  await backend.store.storeResponse(record, outcome).catch(onError);
}

/**
 * Creates the middleware that carries out a POST with an `Idempotency-Key` once: a retry gets the first response. A
 * rejected call releases its key. If a call failed, was killed, or its response could not be stored, its key is
 * abandoned: the retry is carried out under the same `resourceId` and finds what the first call created.
 */
export function idempotency(options: IdempotencyOptions): MiddlewareHandler<ApiEnv> {
  const { maxKeys } = options;
  return async (c, next) => {
    const key = c.req.header('idempotency-key');
    if (c.req.method !== 'POST' || key === undefined) {
      c.set('resourceId', newResourceId());
      await next();
      return;
    }
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      return c.json({ error: 'Idempotency-Key: expected 1 to 255 visible ASCII characters' }, 422);
    }
    const fingerprint = await fingerprintOf(c);
    const claim = await claimKey(options, { accountId: c.var.accountId, key, fingerprint });
    if (claim.status === 'full') {
      c.header('retry-after', '3600');
      return c.json({ error: `Idempotency-Key: more than ${maxKeys} keys within 24 hours` }, 429);
    }
    if (claim.status === 'taken') return respondToTaken(c, claim.record, fingerprint);
    c.set('resourceId', claim.record.resourceId);
    await next();
    await storeResponse(options, claim.record, c.res);
    return;
  };
}
