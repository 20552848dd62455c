import { createHash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { newResourceId } from '../ids.js';
import type { SenderInternals } from '../internals.js';
import { idempotencyKeyMs } from '../delivery/retention.js';
import type { IdempotencyRecord } from '../records.js';
import type { KeyClaim } from '../stores/store.js';

/** A call without an answer by then was killed: no call takes so long. */
const abandonedMs = 5 * 60_000;

/** What every handler has. */
export interface ApiEnv {
  Variables: {
    accountId: string;
    /** Identifies what the call creates: the same for every retry with the same `Idempotency-Key`. */
    resourceId: string;
  };
}

/** What {@link idempotency} works with. */
export interface IdempotencyOptions {
  readonly internals: SenderInternals;
  /** Keys that an account may use within 24 hours. */
  readonly maxKeys: number;
  readonly onError: (error: unknown) => unknown;
}

/** Gives the response to a key that another call has. */
function respondToTaken(c: Context<ApiEnv>, taken: IdempotencyRecord, fingerprint: string): Response {
  if (taken.fingerprint !== fingerprint) {
    return c.json({ error: 'Idempotency-Key: was used for another call' }, 422);
  }
  if (taken.response === null) {
    c.header('retry-after', '1');
    return c.json({ error: 'Idempotency-Key: the first call with it is still under way' }, 409);
  }
  c.header('idempotency-replayed', 'true');
  c.header('content-type', 'application/json');
  return c.body(taken.response.body, taken.response.status as 200);
}

/**
 * Carries out a POST with an `Idempotency-Key` once: a retry gets the first response. A call that was rejected
 * releases its key. A call that failed, was killed, or whose response could not be kept leaves the key abandoned: the
 * retry is carried out under the same `resourceId`, and finds what the first call created.
 */
export function idempotency({ internals, maxKeys, onError }: IdempotencyOptions): MiddlewareHandler<ApiEnv> {
  const { store, clock } = internals;

  function claim(accountId: string, key: string, fingerprint: string): Promise<KeyClaim> {
    const nowMs = clock.now();
    const record = {
      accountId,
      key,
      fingerprint,
      resourceId: newResourceId(),
      begunAtMs: nowMs,
      isAbandoned: false,
      response: null,
    };
    const expiry = { beforeMs: nowMs - idempotencyKeyMs, abandonedMs: nowMs - abandonedMs, limit: maxKeys };
    return store.claimIdempotencyKey(record, expiry);
  }

  /** The response is given even if it cannot be kept: the call has been carried out. */
  async function keep(record: IdempotencyRecord, response: Response): Promise<void> {
    const { status } = response;
    const rejected = status < 500 ? 'released' : 'abandoned';
    const outcome = response.ok ? { status, body: await response.clone().text() } : rejected;
    await store.storeResponse(record, outcome).catch(onError);
  }

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
    const call = JSON.stringify([c.req.method, c.req.path, await c.req.text()]);
    const fingerprint = createHash('sha256').update(call).digest('hex');
    const claimed = await claim(c.var.accountId, key, fingerprint);
    if (claimed.status === 'full') {
      c.header('retry-after', '3600');
      return c.json({ error: `Idempotency-Key: more than ${maxKeys} keys within 24 hours` }, 429);
    }
    if (claimed.status === 'taken') return respondToTaken(c, claimed.record, fingerprint);
    c.set('resourceId', claimed.record.resourceId);
    await next();
    await keep(claimed.record, c.res);
    return;
  };
}
