import type { HandlerContext } from './context.js';
import type { WebhookError } from '../errors.js';
import type { EventOf, EventType, WebhookEvent } from '../events/types.js';
import type { HeadersLike } from '../verify/headers.js';
import type { ReplayOptions } from '../replay/guard.js';
import type { SchemaOutput, StandardSchemaV1 } from './standard-schema.js';
import type { VerifyOptions } from '../verify/verify.js';

/** Schemas for the `data` of events, by event type. */
export type EventSchemas = Readonly<Partial<Record<EventType, StandardSchemaV1 | undefined>>>;

/** The schemas of a receiver without any: every event is as in the contract. */
export type NoSchemas = Record<never, StandardSchemaV1>;

/** A name that a handler can be registered for. */
export type HandledType = EventType | 'ping';

/** An event whose `data` a schema has replaced. The envelope around it is the contract's. */
type WithData<Event, Data> = { readonly [Key in keyof Event]: Key extends 'data' ? Data : Event[Key] };

/** The event that a handler gets. If its type has a schema, `data` is the output of the schema. */
export type ReceivedEvent<Type extends EventType | 'ping' | 'unknown', Schemas extends EventSchemas> = {
  [Each in Type]: Each extends keyof Schemas
    ? Schemas[Each] extends StandardSchemaV1
      ? WithData<EventOf<Each>, SchemaOutput<Schemas[Each]>>
      : EventOf<Each>
    : EventOf<Each>;
}[Type];

/** Every event that a receiver with these schemas can pass to a handler. */
export type AnyReceivedEvent<Schemas extends EventSchemas> = ReceivedEvent<
  EventType | 'ping' | 'unknown',
  Schemas
>;

/**
 * The type of a handler for one or several event types, for handlers in separate files. Returning (or resolving)
 * acknowledges the event; throwing makes the platform retry it. Without a type argument it is a handler for `onAny`.
 *
 * @typeParam Schemas - `typeof schemas`, if the receiver has any.
 *
 * @example
 * export const pageOnCall: Handler<'deployment.failed' | 'alert.triggered'> = async (event, { signal }) => {
 *   await fetch('https://example.com/page', { method: 'POST', body: event.id, signal });
 * };
 * // where the receiver is created:
 * receiver.on(['deployment.failed', 'alert.triggered'], pageOnCall);
 */
export type Handler<
  Type extends HandledType | 'unknown' = HandledType | 'unknown',
  Schemas extends EventSchemas = NoSchemas,
> = (event: ReceivedEvent<Type, Schemas>, context: HandlerContext) => unknown;

/** Called for each failure after verification. For a failed handler, `error.cause` is its exception. */
export type ErrorHandler<Event = WebhookEvent> = (
  error: WebhookError,
  event: Event,
  context: HandlerContext,
) => unknown;

/**
 * The log of a receiver. `console` implements it, and so do the loggers of pino and winston.
 * A logger is called with one line of text, and with the cause of a failure as the second argument.
 */
export interface ReceiverLogger {
  /** A verified test ping, the first one only. `warn` is called if this is absent. */
  info?: ((line: string) => unknown) | undefined;
  /** A rejected request, or an event that was acknowledged although no handler is registered for its type. */
  warn(line: string): unknown;
  /** A failed handler, or another failure on the receiving side. */
  error(line: string, cause?: unknown): unknown;
}

/** Options of {@link createReceiver}. */
export interface ReceiverOptions<Schemas extends EventSchemas = EventSchemas> extends VerifyOptions {
  /**
   * How long all handlers of one request may take together, in milliseconds. After that the response is
   * `handler_timeout` (503), handlers that have not begun are skipped, and `context.signal` fires. The
   * platform waits 15 s in all (contract section 4), so use a value slightly below that.
   * @default `replay.maxHandlingSeconds`, which is 120_000 ms; 10_000 with a `handoff`
   */
  handlerTimeoutMs?: number | undefined;
  /**
   * A Standard Schema (Zod, Valibot, ArkType, …) for the `data` of an event type. It gets the `data` of the verified event, and its output
   * replaces `data`; the envelope stays as it is. An event that fails it is rejected with `schema_mismatch` (422). If the schema does not
   * settle within 5 s, the response is `misconfigured` (500).
   */
  schemas?: Schemas | undefined;
  /**
   * Handles each event once, across processes and crashes, and rejects replays. The timestamp header
   * is not signed and stops no attacker; the event's own timestamp and id are signed.
   * @default none: an event that arrives twice is handled twice
   */
  replay?: ReplayOptions | undefined;
  /**
   * Hands events off to a queue, for work that takes longer than the platform waits. The receiver acknowledges the
   * event when this resolves, and the platform retries it when this rejects. It must resolve only once the event is
   * stored durably. The handlers run where the queue's worker calls {@link Receiver.dispatch}.
   *
   * See `createBullMQHandoff` (`/bullmq`) and `createPgBossHandoff` (`/pg-boss`).
   * @default none: the handlers run before the response
   */
  handoff?: ((event: WebhookEvent, context: HandlerContext) => Promise<unknown>) | undefined;
  /**
   * `'early'` responds as soon as the request is verified (and claimed, with `replay`), and runs the handlers
   * after the response, in the platform's `waitUntil`. Events can be lost then, because the platform does not
   * retry an event whose handler fails or crashes after the response. The option has no effect on a request
   * without `waitUntil`.
   * @default 'handled': responds when the handlers have ended
   */
  acknowledge?: 'handled' | 'early' | undefined;
  /**
   * Receives a line for rejected requests (unless there is an `onRejected`), failures (unless there is an `onError`),
   * events without a handler, and the first test ping. At most one line per code and minute for rejected requests,
   * so that forged traffic does not flood the log. `false` writes nothing.
   * @default console
   */
  logger?: false | ReceiverLogger | undefined;
  /**
   * Called for every request that was rejected before any handler ran, instead of a line to `logger`. `error.hint`
   * names the likely cause. For logs and metrics: it is not awaited, and its exceptions are ignored.
   */
  onRejected?: ((error: WebhookError, info: RejectedInfo) => unknown) | undefined;
  /**
   * Called for every event that was acknowledged with 200, after its handlers (or the hand-off) succeeded. It is not
   * awaited, and its exceptions are ignored.
   */
  onHandled?: ((event: AnyReceivedEvent<Schemas>, info: HandledInfo) => unknown) | undefined;
}

/** The second argument of `onRejected`. */
export interface RejectedInfo {
  /** The request's method, if it is known. */
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
  /** How many handlers ran. 0 for an event without a handler, which is acknowledged too. A hand-off counts as 1. */
  readonly handlers: number;
}

/** A request for {@link Receiver.receive}, from any kind of server. */
export interface ReceiveInput {
  /** The HTTP method. Anything but `POST` is rejected; if it is left out, `POST` is assumed. */
  method?: string | undefined;
  /** The request's headers. Some hosts pass `null` or nothing, which is a request without headers. */
  headers: HeadersLike | null | undefined;
  /**
   * The body exactly as received, or a function that reads it. The function is called once, and only
   * for a request with well-formed headers; it must throw if there are more than `maxBytes`. `null`, as AWS
   * passes it, is an empty body; `undefined` is a body that was not kept (`body_already_parsed`).
   */
  body:
    | Uint8Array
    | ArrayBuffer
    | string
    | ((maxBytes: number) => Uint8Array | Promise<Uint8Array>)
    | null
    | undefined;
  /** Passed to the secret function and to handlers. Adapters pass Hono's `c`, otherwise the request. */
  adapterContext?: unknown;
  /** Passed on to handlers as `context.waitUntil`. */
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** The response to send. */
export interface ReceiveResult<Event = WebhookEvent> {
  readonly status: number;
  /** The headers, with names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body, in ASCII. */
  readonly body: string;
  /** The event, if the request was verified; also if a handler failed. */
  readonly event?: Event;
  /**
   * Never set. Its type keeps a result from being returned to AWS Lambda as it is: without `statusCode` Lambda
   * answers 200, and the platform would count every rejected event as delivered.
   */
  readonly statusCode?: 'Return { statusCode: status, headers, body } to AWS Lambda.';
}

/** Values that a platform provides besides a web `Request`. */
export interface HandleContext {
  /** `ctx.waitUntil` of Workers, Vercel and similar platforms. */
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /** See {@link ReceiveInput.adapterContext}. The request itself by default. */
  adapterContext?: unknown;
}

/** Verifies requests and runs handlers. Created by {@link createReceiver}. Register handlers on it, then pass it to an adapter. */
export interface Receiver<Schemas extends EventSchemas = NoSchemas> {
  /**
   * Registers a handler for one event type or for several; `event` is narrowed to them. Handlers run
   * in order of registration, one after the other.
   *
   * Register handlers where the receiver is created, before the first request. In development
   * (`NODE_ENV` is set, and not to `production`) a later registration is accepted with a warning, and replaces the
   * handler that was registered for the same types, since a module that is reloaded registers its handlers again.
   *
   * @throws `TypeError` for a name that is not an event type, or in production after the first request.
   */
  on<const Type extends HandledType>(types: Type | readonly Type[], handler: Handler<Type, Schemas>): this;
  /** Registers a handler for events of types that this version does not know. */
  onUnknown(handler: Handler<'unknown'>): this;
  /** Registers a handler for every event, `ping` and unknown types included. */
  onAny(handler: Handler<HandledType | 'unknown', Schemas>): this;
  /**
   * Registers a handler for failures after verification: `error.code` is `handler_failed` (`error.cause` is the
   * exception) or `handler_timeout`; with `replay` also `replay_store_unavailable` and `duplicate_in_progress`,
   * if the completion could not be stored. It cannot change the response, which waits for it at most one second.
   */
  onError(handler: ErrorHandler<AnyReceivedEvent<Schemas>>): this;
  /**
   * Verifies a request, runs the handlers and returns the response. Never rejects.
   *
   * @example
   * // AWS Lambda, HTTP API or function URL. docs/receiving.md has the function for all of AWS's event formats.
   * const { status, headers, body } = await receiver.receive({
   *   method: event.requestContext.http.method,
   *   headers: event.headers,
   *   body: Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
   * });
   * return { statusCode: status, headers, body };
   */
  receive(input: ReceiveInput): Promise<ReceiveResult<AnyReceivedEvent<Schemas>>>;
  /** Does the same for a web `Request`, and returns a web `Response`. Never rejects. */
  handle(request: Request, context?: HandleContext): Promise<Response>;
  /**
   * Runs the handlers on an event that was verified before: in the worker of a queue, or for an event that you stored. Nothing is verified
   * or claimed here, and `handlerTimeoutMs` does not apply. The event may have been serialised and parsed as JSON.
   *
   * @throws {@link WebhookError} `handler_failed` for the first handler that failed (`cause` is its exception; all
   * have run), `invalid_envelope` for a value that is not an event, `schema_mismatch`.
   * @throws `TypeError` if no handler is registered at all: a forgotten import would lose the event.
   * @throws the reason that `signal` was aborted with.
   *
   * @example
   * await receiver.dispatch(JSON.parse(row.event));
   */
  dispatch(event: WebhookEvent, options?: DispatchOptions): Promise<void>;
}

/** Details of a queue's job, for {@link Receiver.dispatch}. */
export interface DispatchOptions {
  /** The number of the attempt, counted from 1: `context.attempt`. */
  attempt?: number | undefined;
  /** Fires when the queue revokes the job. Then `context.signal` fires, and handlers that have not begun are skipped. */
  signal?: AbortSignal | undefined;
  /** `context.adapterContext`: the job, for example. */
  adapterContext?: unknown;
}

/** The part of a receiver that an adapter needs, whatever its schemas. */
export interface AnyReceiver {
  receive(input: ReceiveInput): Promise<ReceiveResult<unknown>>;
  handle(request: Request, context?: HandleContext): Promise<Response>;
  dispatch(event: WebhookEvent, options?: DispatchOptions): Promise<void>;
}
