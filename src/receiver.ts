import { bodyBytes, readRequest } from './body.js';
import { RequestContext, type HandlerContext } from './context.js';
import type { DispatchOptions } from './dispatch.js';
import { isWebhookError, WebhookError } from './errors.js';
import type { EventOf, EventType, UnknownEvent, WebhookEvent } from './events/types.js';
import { HandlerRegistry, type ErrorHandler, type HandledType, type Handler } from './handlers.js';
import type { HeadersLike } from './headers.js';
import type { HeldClaim, ReplayGuard, ReplayOptions } from './replay/guard.js';
import type { SchemaOutput, StandardSchemaV1 } from './standard-schema.js';
import { prepareVerification, verifyRequest, type VerifyOptions } from './verify.js';

/** A schema for each event type that shall have one. It is given the whole event. */
export type EventSchemas = Readonly<Partial<Record<EventType, StandardSchemaV1>>>;

/** A receiver without schemas: every event is as in the contract. */
export type NoSchemas = Record<never, StandardSchemaV1>;

/** The event a handler gets: what the type's schema returns, or the event as in the contract. */
export type ReceivedEvent<Type extends EventType | 'ping' | 'unknown', Schemas extends EventSchemas> = {
  [Each in Type]: Each extends keyof Schemas
    ? Schemas[Each] extends StandardSchemaV1
      ? SchemaOutput<Schemas[Each]>
      : EventOf<Each>
    : EventOf<Each>;
}[Type];

/** Every event a receiver with these schemas can hand out. */
export type AnyReceivedEvent<Schemas extends EventSchemas> = ReceivedEvent<
  EventType | 'ping' | 'unknown',
  Schemas
>;

/** Options of {@link createReceiver}. */
export interface ReceiverOptions<Schemas extends EventSchemas = EventSchemas> extends VerifyOptions {
  /**
   * How long all handlers of one request may take together, in milliseconds. Then the answer is
   * `handler_timeout` (503), handlers not yet begun are left out, and `context.signal` fires. The
   * platform waits 15 s in all (contract section 4), so a value a little below that is of most use.
   * @default no limit; 10_000 with a `handoff`
   */
  handlerTimeoutMs?: number | undefined;
  /**
   * A Standard Schema (Zod, Valibot, ArkType, …) per event type. It gets the whole verified event, and
   * what it returns is what handlers get. An event that does not pass is `schema_mismatch` (422).
   */
  schemas?: Schemas | undefined;
  /**
   * Handles each event once, also over several processes and crashes, and refuses replays. The timestamp header
   * is not signed and stops nobody; the event's own is, and its id.
   * @default none: an event that comes twice is handled twice
   */
  replay?: ReplayOptions | undefined;
  /**
   * Hands events over to a queue, for work that takes longer than the platform waits: what it resolves is
   * acknowledged, what it rejects is sent again. It must resolve only once the event is kept durably. The handlers
   * run where the queue's worker calls {@link Receiver.dispatch}.
   *
   * See `createBullMQHandoff` (`/bullmq`) and `createPgBossHandoff` (`/pg-boss`).
   * @default none: the handlers run before the answer
   */
  handoff?: ((event: WebhookEvent, context: HandlerContext) => Promise<unknown>) | undefined;
  /**
   * `'early'` answers as soon as the request is verified (and claimed, with `replay`), and runs the handlers
   * behind the answer, in the platform's `waitUntil`. It gives up the promise that no event is lost: the
   * platform does not send again what fails then, nor what a crash cuts off. Where a request comes without
   * `waitUntil`, it is answered as without this option.
   * @default 'handled': answers when the handlers have ended
   */
  acknowledge?: 'handled' | 'early' | undefined;
  /**
   * Told of every request that was refused before any handler ran. `error.hint` says the likely cause.
   * For logs and metrics: it is not awaited, and what it throws is ignored.
   */
  onRejected?: ((error: WebhookError, info: RejectedInfo) => unknown) | undefined;
  /**
   * Told of every event that was acknowledged with 200, when its handlers (or the hand-off) have ended well. Not
   * awaited; what it throws is ignored.
   */
  onHandled?: ((event: AnyReceivedEvent<Schemas>, info: HandledInfo) => unknown) | undefined;
}

/** The second argument of `onRejected`. */
export interface RejectedInfo {
  /** The request's method, where it is known. */
  readonly method: string | undefined;
  /** The request's headers. Nothing in them is verified. */
  readonly headers: HeadersLike;
  /** Hono's `c`, otherwise the request. */
  readonly adapterContext: unknown;
}

/** The second argument of `onHandled`. */
export interface HandledInfo {
  /** True for an event that had been handled before, and was acknowledged again. */
  readonly duplicate: boolean;
  /** How many handlers ran. 0 for an event that nobody handles: it is acknowledged all the same. A hand-off is 1. */
  readonly handlers: number;
}

/** A request for {@link Receiver.receive}, from whatever server there is. */
export interface ReceiveInput {
  /** The HTTP method. Anything but `POST` is refused; left out, it is taken to be `POST`. */
  method?: string | undefined;
  headers: HeadersLike;
  /**
   * The body exactly as received, or a function that reads it. The function is called once, and only
   * for a request with well-formed headers; it must throw if there are more than `maxBytes`.
   */
  body: Uint8Array | ArrayBuffer | string | ((maxBytes: number) => Uint8Array | Promise<Uint8Array>);
  /** Given to the secret function and to handlers. Adapters pass Hono's `c`, otherwise the request. */
  adapterContext?: unknown;
  /** Handed on to handlers as `context.waitUntil`. */
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** The answer to give. */
export interface ReceiveResult<Event = WebhookEvent> {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** ASCII. */
  readonly body: string;
  /** The event, where the request was verified; also where a handler failed. */
  readonly event?: Event;
}

/** What a platform gives beside a web `Request`. */
export interface HandleContext {
  /** `ctx.waitUntil` of Workers, Vercel and the like. */
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /** See {@link ReceiveInput.adapterContext}. The request itself by default. */
  adapterContext?: unknown;
}

/** Made by {@link createReceiver}. Give it handlers, then give it to an adapter. */
export interface Receiver<Schemas extends EventSchemas = NoSchemas> {
  /**
   * Registers a handler for one event type or for several; `event` is narrowed to them. Handlers run
   * in order of registration, one after the other.
   *
   * @throws `TypeError` for a name that is no event type, or after the first request.
   */
  on<const Type extends HandledType>(
    types: Type | readonly Type[],
    handler: Handler<ReceivedEvent<Type, Schemas>>,
  ): this;
  /** Registers a handler for events of types that this version does not know. */
  onUnknown(handler: Handler<UnknownEvent>): this;
  /** Registers a handler for every event, `ping` and unknown types included. */
  onAny(handler: Handler<AnyReceivedEvent<Schemas>>): this;
  /**
   * Registers a handler for failures of handlers: `error.code` is `handler_failed` (`error.cause` is what
   * was thrown) or `handler_timeout`; with `replay` also `replay_store_unavailable` and `duplicate_in_progress`,
   * where the end could not be written down. It cannot change the answer.
   */
  onError(handler: ErrorHandler<AnyReceivedEvent<Schemas>>): this;
  /**
   * Verifies a request, runs the handlers and says what to answer. Never rejects.
   *
   * @example
   * // AWS Lambda behind API Gateway
   * const { status, headers, body } = await receiver.receive({
   *   method: event.requestContext.http.method,
   *   headers: event.headers,
   *   body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
   * });
   */
  receive(input: ReceiveInput): Promise<ReceiveResult<AnyReceivedEvent<Schemas>>>;
  /** The same from a web `Request` to a web `Response`. Always answers, never rejects. */
  handle(request: Request, context?: HandleContext): Promise<Response>;
  /**
   * Runs the handlers on an event that was verified before: in the worker of a queue, or for an event that you
   * kept. Nothing is verified or claimed here, and `handlerTimeoutMs` does not apply. The event may have been
   * through JSON.
   *
   * @throws {@link WebhookError} `handler_failed` for the first handler that failed (`cause` is what it threw; all
   * have run), `invalid_envelope` for what is no event, `schema_mismatch`.
   * @throws `TypeError` where no handler is registered at all: the event would be lost for a forgotten import.
   * @throws what `signal` was aborted with.
   *
   * @example
   * await receiver.dispatch(JSON.parse(row.event));
   */
  dispatch(event: WebhookEvent, options?: DispatchOptions): Promise<void>;
}

/** A receiver with whatever schemas: what an adapter needs of it. */
export interface AnyReceiver {
  receive(input: ReceiveInput): Promise<ReceiveResult<unknown>>;
  handle(request: Request, context?: HandleContext): Promise<Response>;
  dispatch(event: WebhookEvent, options?: DispatchOptions): Promise<void>;
}

/** An answer's headers, with its length, so that a server can write them as they are. */
function headersOf(body: string): Record<string, string> {
  return { 'content-type': 'application/json', 'content-length': String(body.length) };
}

const acknowledgement = '{"received":true}';
const acknowledgedResult = {
  status: 200,
  headers: /* @__PURE__ */ Object.freeze(/* @__PURE__ */ headersOf(acknowledgement)),
  body: acknowledgement,
};

function refusal({ status, code }: WebhookError, retryAfterMs = 0): ReceiveResult<never> {
  const body = `{"error":"${code}"}`;
  const headers = headersOf(body);
  if (retryAfterMs > 0) headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000));
  if (status === 405) headers.allow = 'POST';
  return { status, headers, body };
}

/** Calls an observer: neither its exception nor its rejected promise may touch the answer. */
function observe(observer: () => unknown): void {
  try {
    Promise.resolve(observer()).catch(() => undefined);
  } catch {
    // Documented: what an observer throws is ignored.
  }
}

function isReplayOptions({
  store,
  windowSeconds = 1,
  leaseSeconds = 1,
  timeoutMs = 1,
}: ReplayOptions): boolean {
  // The bound is what timers can hold.
  const times = [windowSeconds, leaseSeconds * 1000, timeoutMs];
  return (
    typeof (store as Partial<ReplayOptions['store']> | undefined)?.claim === 'function' &&
    times.every((each) => each > 0 && each < 2 ** 31)
  );
}

/**
 * Makes a receiver: the whole way from a raw request to your typed handlers and the right answer.
 * Mount it with an adapter (`@hostwares/webhooks/express`, `/hono`, `/next`, `/node`), or call `handle`
 * with a web `Request`.
 *
 * An event is answered with 200 only after its handlers have ended well, so one that failed is sent
 * again by the platform (contract section 4): at least once, with a stable `event.id`. Handlers must
 * therefore bear to see an event twice.
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
  const { handoff, acknowledge, schemas, replay, onRejected, onHandled } = options;
  const { handlerTimeoutMs = handoff && 10_000 } = options;
  // The upper bound is what timers can hold; beyond it they fire at once.
  if (handlerTimeoutMs !== undefined && !(handlerTimeoutMs > 0 && handlerTimeoutMs < 2 ** 31)) {
    throw new TypeError('handlerTimeoutMs must be a number of milliseconds above 0.');
  }
  if (handoff && (typeof handoff !== 'function' || acknowledge === 'early')) {
    throw new TypeError('handoff must be a function, and excludes acknowledge: early.');
  }
  if (replay && !isReplayOptions(replay)) {
    throw new TypeError('replay must have a store, such as createMemoryReplayStore(), and times above 0.');
  }
  // Loaded by those who use it. Should that fail, every request is refused (500).
  const guardLoading =
    replay &&
    import('./replay/guard.js').then(({ createReplayGuard }) =>
      createReplayGuard(
        replay,
        (verification.toleranceSeconds === false ? 300 : verification.toleranceSeconds) * 1000,
        verification.now,
      ),
    );
  guardLoading?.catch(() => undefined);
  let guard: ReplayGuard | undefined;
  const schemaLoading = schemas && import('./apply-schema.js');
  schemaLoading?.catch(() => undefined);
  const handlers = new HandlerRegistry();
  type Event = AnyReceivedEvent<Schemas>;

  function rejected(cause: unknown, input: ReceiveInput, retryAfterMs?: number): ReceiveResult<Event> {
    // Only code of the program's own can throw anything else here: a schema, a body function, a clock.
    const error = isWebhookError(cause)
      ? cause
      : new WebhookError('misconfigured', 'The receiver itself failed: an option or a body function threw.', {
          cause,
        });
    if (onRejected) {
      const info = { method: input.method, headers: input.headers, adapterContext: input.adapterContext };
      observe(() => onRejected(error, info));
    }
    return refusal(error, retryAfterMs);
  }

  function acknowledged(event: Event, info: HandledInfo): ReceiveResult<Event> {
    if (onHandled) {
      observe(() => onHandled(event, info));
    }
    return { ...acknowledgedResult, event };
  }

  /** What handlers get. */
  async function applySchemas(event: WebhookEvent): Promise<Event> {
    const schema = schemas?.[event.event as EventType];
    return (schema && schemaLoading ? (await schemaLoading).applySchema(schema, event) : event) as Event;
  }

  async function receive(input: ReceiveInput): Promise<ReceiveResult<Event>> {
    handlers.seal();
    const { body, adapterContext, waitUntil } = input;
    let verified: WebhookEvent;
    let event: Event;
    let claim: HeldClaim | undefined;
    try {
      if (input.method !== undefined && input.method !== 'POST') {
        throw new WebhookError('method_not_allowed', 'Webhooks are sent with POST.');
      }
      verified = await verifyRequest(
        verification,
        input.headers,
        typeof body === 'function' ? body : (maxBytes) => bodyBytes(body, maxBytes),
        adapterContext,
        onRejected !== undefined,
      );
      event = schemas ? await applySchemas(verified) : (verified as Event);
      if (guardLoading) {
        guard ??= await guardLoading;
        const entry = await guard.enter(verified);
        if (entry.status === 'done') return acknowledged(event, { handlers: 0, duplicate: true });
        if (entry.status === 'busy') {
          const error = new WebhookError('duplicate_in_progress', 'The same event is being handled now.');
          return { ...rejected(error, input, entry.retryAfterMs), event };
        }
        claim = entry;
      }
    } catch (error) {
      return rejected(error, input);
    }
    const context = new RequestContext(adapterContext, waitUntil, claim?.attempt, claim?.hold);
    const settle = async (): Promise<ReceiveResult<Event>> => {
      try {
        const count = await handlers.run(
          verified.event,
          handoff ? verified : event,
          context,
          handlerTimeoutMs,
          () => claim?.release(),
          handoff,
        );
        // Written down before it is acknowledged: a crash in between has it handled again, never lost.
        if (claim && !(await claim.complete())) {
          throw new WebhookError('duplicate_in_progress', 'The claim was lost while the event was handled.');
        }
        return acknowledged(event, { handlers: count, duplicate: false });
      } catch (cause) {
        const error = cause as WebhookError;
        const { code } = error;
        // Handlers that go on after their time may end well: nobody else shall begin before they have ended.
        if (code === 'handler_timeout') claim?.leave();
        else if (code === 'handler_failed') await claim?.release();
        else await handlers.report(error, event, context);
        return { ...refusal(error, code === 'duplicate_in_progress' ? guard?.leaseMs : 0), event };
      }
    };
    const settling = settle();
    if (acknowledge !== 'early' || !waitUntil) return settling;
    try {
      waitUntil(settling);
      return { ...acknowledgedResult, event };
    } catch {
      // A platform that keeps nothing alive after the answer.
      return settling;
    }
  }

  return {
    on(types, handler) {
      handlers.on(types, handler);
      return this;
    },
    onUnknown(handler) {
      handlers.register((type) => type === 'unknown', handler);
      return this;
    },
    onAny(handler) {
      handlers.register(() => true, handler);
      return this;
    },
    onError(handler) {
      handlers.onError(handler);
      return this;
    },
    receive,
    async dispatch(event, dispatchOptions) {
      handlers.seal();
      const { dispatch } = await import('./dispatch.js');
      await dispatch(handlers, applySchemas, event, dispatchOptions);
    },
    async handle(request, { waitUntil, adapterContext = request } = {}) {
      const { status, headers, body } = await receive({
        method: request.method,
        headers: request.headers,
        body: (maxBytes) => readRequest(request, maxBytes),
        adapterContext,
        waitUntil,
      });
      return new Response(body, { status, headers });
    },
  };
}
