import { isWebhookError, WebhookError } from '../errors.js';
import { readRequest } from '../verify/body.js';
import { createGate, type Admission } from './admit.js';
import { createHandlerRegistry } from './handlers.js';
import { checkReceiverOptions } from './options.js';
import { createReport, type Report } from './report.js';
import { acknowledge, acknowledgedResult, rejectedResult } from './responses.js';
import type { NotifyFailure } from './run-handlers.js';
import { createSettle } from './settle.js';
import type {
  AnyReceiver,
  EventSchemas,
  NoSchemas,
  ReceiveInput,
  Receiver,
  ReceiveResult,
  ReceiverOptions,
} from './types.js';

/** Reports a rejected request, and returns the response to it. */
async function reject(cause: unknown, input: ReceiveInput, report: Report): Promise<ReceiveResult<never>> {
  // Only the user's own code can throw anything else here: a schema, a body function, a clock.
  const error = isWebhookError(cause) ? cause : new WebhookError('misconfigured', undefined, { cause });
  await report((reporter) => {
    reporter.rejected(error, input);
  });
  return rejectedResult(error);
}

/** Passes work to `waitUntil`. Returns false if this platform keeps nothing alive after the response. */
function keepAlive(work: Promise<unknown>, waitUntil: ReceiveInput['waitUntil']): boolean {
  try {
    waitUntil?.(work);
    return !!waitUntil;
  } catch {
    return false;
  }
}

/** Translates between a web `Request` and {@link AnyReceiver.receive}. */
function createHandle(receive: AnyReceiver['receive'], report: Report): AnyReceiver['handle'] {
  return async (request, { waitUntil, adapterContext = request } = {}) => {
    const { status, headers, body } = await ((request as Partial<Request> | undefined)?.arrayBuffer
      ? receive({
          method: request.method,
          headers: request.headers,
          body: (maxBytes) => readRequest(request, maxBytes),
          adapterContext,
          waitUntil,
        })
      : // The report names the value that was passed instead.
        reject(request, { headers: null, body: null, adapterContext: request }, report));
    return new Response(body, { status, headers });
  };
}

/**
 * Creates a receiver, which takes a raw request, runs your typed handlers and returns the right response.
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
  const untyped = options as ReceiverOptions;
  checkReceiverOptions(untyped);
  const report = createReport(untyped);
  const handlers = createHandlerRegistry(report);
  const notifyFailure: NotifyFailure = (error, event, context) =>
    report((reporter) => reporter.failed({ error, event, context }, handlers.registrations));
  const { admit, applySchema } = createGate(untyped, report);
  const settle = createSettle(untyped, handlers, report, notifyFailure);

  async function receive(input: ReceiveInput): Promise<ReceiveResult<unknown>> {
    let admission: Admission;
    try {
      // Awaited only if needed: a host that has already responded discards the body in the next turn.
      const merging = handlers.seal();
      if (merging) await merging;
      admission = await admit(input);
    } catch (error) {
      return reject(error, input, report);
    }
    const { event, claim } = admission;
    if (claim?.status === 'done') {
      return acknowledge(event, { handlers: 0, duplicate: true }, untyped.onHandled);
    }
    const settling = settle(admission, claim, input);
    const isEarly = options.acknowledge === 'early' && keepAlive(settling, input.waitUntil);
    return isEarly ? acknowledgedResult(event) : await settling;
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
    handle: createHandle(receive, report),
    async dispatch(event, dispatchOptions) {
      await handlers.seal();
      const { dispatch } = await import('./dispatch.js');
      await dispatch({ handlers, applySchema, notifyFailure }, event, dispatchOptions);
    },
  } as Receiver<Schemas>;
}
