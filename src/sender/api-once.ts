import { createHash } from 'node:crypto';
import type { Context, Env, MiddlewareHandler } from 'hono';
import { internals } from './internals.js';
import type { Sender } from './types.js';

/** Ours: how long an answer is given again. */
const keptMs = 24 * 3_600_000;
/** A call that has not answered by then was killed: no call takes so long. */
const abandonedMs = 5 * 60_000;

/**
 * Carries out a POST with an `Idempotency-Key` once: who comes again with it gets the first answer. A call that
 * failed lets its key go. A process that is killed within a call leaves the key taken for five minutes; after
 * that it is carried out again.
 */
export function once<E extends Env>(
  sender: Sender,
  accountOf: (c: Context<E>) => string,
): MiddlewareHandler<E> {
  const inner = internals.get(sender);
  if (!inner) throw new TypeError('createSenderApi needs a sender that createSender made.');
  const { store, clock } = inner;

  return async (c, next) => {
    const key = c.req.header('idempotency-key');
    if (c.req.method !== 'POST' || key === undefined) {
      await next();
      return;
    }
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      return c.json({ error: 'Idempotency-Key: expected 1 to 255 visible ASCII characters' }, 422);
    }
    const call = JSON.stringify([c.req.method, c.req.path, await c.req.text()]);
    const nowMs = clock.now();
    const record = {
      accountId: accountOf(c),
      key,
      fingerprint: createHash('sha256').update(call).digest('hex'),
      begunAtMs: nowMs,
      answer: null,
    };
    const taken = await store.takeKey(record, {
      beforeMs: nowMs - keptMs,
      abandonedMs: nowMs - abandonedMs,
    });
    if (taken && taken.fingerprint !== record.fingerprint) {
      return c.json({ error: 'Idempotency-Key: was used for another call' }, 422);
    }
    if (taken?.answer === null) {
      c.header('retry-after', '1');
      return c.json({ error: 'Idempotency-Key: the first call with it is still under way' }, 409);
    }
    if (taken) {
      c.header('idempotency-replayed', 'true');
      c.header('content-type', 'application/json');
      return c.body(taken.answer.body, taken.answer.status as 200);
    }
    await next();
    const answer = c.res.ok ? { status: c.res.status, body: await c.res.clone().text() } : null;
    await store.answerKey(record, answer);
    return;
  };
}
