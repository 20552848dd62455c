import { bodyBytes, readRequest } from '../verify/body.js';
import { RequestContext } from './context.js';
import { isWebhookError, WebhookError } from '../errors.js';
import type { WebhookEvent } from '../events/types.js';
import { createHandlerRegistry } from './handlers.js';
import { checkReceiverOptions } from './options.js';
import type { Reporter } from './report.js';
import { acknowledgedResult, rejectedResult } from './responses.js';
import type {
  AnyReceivedEvent,
  EventSchemas,
  HandledInfo,
  NoSchemas,
  ReceiveInput,
  Receiver,
  ReceiveResult,
  ReceiverOptions,
} from './types.js';
import type { HeldClaim } from '../replay/held-claim.js';
import { prepareVerification, verifyRequest } from '../verify/verify.js';
import { withTimeout } from '../shared/with-timeout.js';

/** How long the secret function may take to settle, in milliseconds. */
const secretMs = 5_000;

/** How long handlers may take if no option says so, in milliseconds. The platform waits 15 s (contract section 4). */
const defaultHandlingMs = 120_000;

/**
 * Makes a receiver: the whole way from a raw request to your typed handlers and the right response.
 * Mount it with an adapter (`@hostwares/webhooks/express`, `/hono`, `/next`, `/node`), or call `handle`
 * with a web `Request`.
 *
 * The response is 200 only after the handlers of the event have succeeded, so the platform retries an event
 * whose handler failed (contract section 4): at least once, with a stable `event.id`. Handlers must
 * therefore tolerate seeing an event twice.
 *
 * @throws `TypeError` for options that cannot work, such as an empty secret.
 *
 * @example
 * const receiver = createReceiver({ secret: process.env.HOSTWARES_WEBHOOK_SECRET! });
 * receiver.on('deployment.failed', async (event) => {
 *   await notify(`${event.data.site_name}: ${event.data.error ?? 'failed'}`);
 * });
 * app.post('/webhooks/hostwares', createExpressHandler(receiver));
 */
export function createReceiver<const Schemas extends EventSchemas = NoSchemas>(
  options: ReceiverOptions<Schemas>,
): Receiver<Schemas> {
  const verification = prepareVerification(options);
  checkReceiverOptions(options as ReceiverOptions);
  const { handoff, acknowledge, schemas, replay, onHandled } = options;
  const { handlerTimeoutMs = handoff ? 10_000 : defaultHandlingMs } = options;
  const timeoutMs = Math.min(handlerTimeoutMs, replay ? (replay.maxHandlingSeconds ?? 120) * 1000 : Infinity);
  const { secrets } = verification;
  if (typeof secrets === 'function') {
    verification.secrets = (context) =>
      withTimeout(secrets(context), secretMs, 'misconfigured', 'secret function');
  }

  // Loaded by receivers that use them. If that fails, every request is rejected (500).
  const guardLoading =
    replay &&
    import('../replay/guard.js').then(({ createReplayGuard }) => createReplayGuard(replay, verification));
  guardLoading?.catch(() => undefined);
  const schemaLoading =
    schemas && import('./apply-schema.js').then(({ createSchemaStep }) => createSchemaStep(schemas));
  schemaLoading?.catch(() => undefined);

  let reporter: Promise<Reporter> | undefined;
  /** Tells `onRejected` or the logger. What does that is loaded by the first call. */
  const report = <Result>(tell: (to: Reporter) => Result): Promise<Result | undefined> =>
    (reporter ??= import('./report.js').then(({ createReporter }) => createReporter(options)))
      .then(tell)
      .catch(() => undefined);

  const handlers = createHandlerRegistry(report);
  const explains = (error: WebhookError) => report((to) => to.willTell(error));
  type Event = AnyReceivedEvent<Schemas>;

  async function reject(cause: unknown, input: ReceiveInput): Promise<ReceiveResult<Event>> {
    // Only the program's own code can throw anything else here: a schema, a body function, a clock.
    const error = isWebhookError(cause) ? cause : new WebhookError('misconfigured', undefined, { cause });
    await report((to) => {
      to.rejected(error, input);
    });
    return rejectedResult(error);
  }

  function acknowledgeEvent(event: Event, info: HandledInfo): ReceiveResult<Event> {
    // As a promise, so that neither its exception nor its rejection touches the response.
    if (onHandled)
      void Promise.resolve()
        .then(() => onHandled(event, info))
        .catch(() => undefined);
    return acknowledgedResult(event);
  }

  /** The event as handlers get it. */
  async function applySchemas(event: WebhookEvent): Promise<Event> {
    return (schemaLoading ? (await schemaLoading)(event) : event) as Event;
  }

  /** Runs the handlers, and stores the completion before the event is acknowledged. */
  async function settle(
    event: Event,
    context: RequestContext,
    claim: HeldClaim | undefined,
  ): Promise<ReceiveResult<Event>> {
    const verified = context.verifiedEvent;
    try {
      const count = await handlers.run(verified.event, handoff ? verified : event, context, {
        timeoutMs,
        onLateEnd: () => claim?.release(),
        handoff,
      });
      if (count === 0) {
        await report((to) => {
          to.unhandled(verified, handlers.registrations);
        });
      }
      // A crash before this line has the event handled again, never lost.
      await claim?.complete();
      return acknowledgeEvent(event, { handlers: count, duplicate: false });
    } catch (cause) {
      const error = cause as WebhookError;
      if (error.code === 'handler_failed') await claim?.release();
      // After a timeout the claim is kept until the handlers have ended, or for maxHandlingSeconds.
      else if (error.code !== 'handler_timeout') await handlers.tellFailure(error, event, context);
      return { ...rejectedResult(error), event };
    }
  }

  async function receive(input: ReceiveInput): Promise<ReceiveResult<Event>> {
    const { method = 'POST', body, adapterContext, waitUntil } = input;
    let verified: WebhookEvent;
    let event: Event;
    let claim: HeldClaim | undefined;
    try {
      const merging = handlers.seal();
      if (merging) await merging;
      if (method !== 'POST') throw new WebhookError('method_not_allowed');
      verified = await verifyRequest(
        verification,
        input.headers,
        typeof body === 'function' ? body : (maxBytes) => bodyBytes(body === null ? '' : body, maxBytes),
        adapterContext,
        explains,
      );
      event = schemas ? await applySchemas(verified) : (verified as Event);
      if (guardLoading) {
        const entry = await (await guardLoading).claim(verified);
        if (entry.status === 'done') return acknowledgeEvent(event, { handlers: 0, duplicate: true });
        claim = entry;
      }
    } catch (error) {
      return reject(error, input);
    }
    const context = new RequestContext(
      verified,
      adapterContext,
      waitUntil,
      claim?.attempt,
      claim?.startHeartbeat,
    );
    const settling = settle(event, context, claim);
    if (acknowledge !== 'early' || !waitUntil) return settling;
    try {
      waitUntil(settling);
      return acknowledgedResult(event);
    } catch {
      // This platform keeps nothing alive after the response.
      return settling;
    }
  }

  return {
    on(types, handler) {
      handlers.on(types, handler);
      return this;
    },
    onUnknown(handler) {
      handlers.register(['unknown'], handler);
      return this;
    },
    onAny(handler) {
      handlers.register(['*'], handler);
      return this;
    },
    onError(handler) {
      handlers.register([], handler);
      return this;
    },
    receive,
    async dispatch(event, dispatchOptions) {
      await handlers.seal();
      const { dispatch } = await import('./dispatch.js');
      await dispatch(handlers, applySchemas, event, dispatchOptions);
    },
    async handle(request, { waitUntil, adapterContext = request } = {}) {
      const { status, headers, body } = await ((request as Partial<Request> | undefined)?.arrayBuffer
        ? receive({
            method: request.method,
            headers: request.headers,
            body: (maxBytes) => readRequest(request, maxBytes),
            adapterContext,
            waitUntil,
          })
        : // The report names what was passed instead.
          reject(request, { headers: null, body: null, adapterContext: request }));
      return new Response(body, { status, headers });
    },
  };
}
