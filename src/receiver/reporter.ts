import type { WebhookError, WebhookErrorCode } from '../errors.js';
import type { WebhookEvent } from '../events/types.js';
import { withTimeout } from '../shared/with-timeout.js';
import { describeNotARequest } from '../verify/hosts.js';
import type { HandlerContext } from './context.js';
import { callObserver, createLogThrottle, toLine, writeLine } from './log.js';
import { isUnhandled, type Registration } from './registration.js';
import type { ErrorHandler, ReceiveInput, ReceiverLogger, ReceiverOptions } from './types.js';

/** The largest number of event types to remember as reported. Unknown types come from outside, so it has a bound. */
const maxReportedTypes = 100;

/** Messages of errors that code outside the verification throws without one. */
const messages: Readonly<Partial<Record<WebhookErrorCode, string>>> = {
  misconfigured: 'The receiver itself failed: an option or a body function threw.',
  method_not_allowed: 'Webhooks are sent with POST.',
};

const pages = 'https://github.com/hostwares/webhooks/blob/main/docs/errors';

/** How long the response waits for `onError`, in milliseconds. A logger that hangs must not delay it. */
const errorHandlerMs = 1_000;

/** A failure after verification. */
interface Failure {
  readonly error: WebhookError;
  readonly event: unknown;
  readonly context: HandlerContext;
}

/** Reports to `onRejected` and `onError`, otherwise to the logger. */
export interface Reporter {
  /** Tells whether this error will be reported, so that an explanation is worth its cost. */
  willReport(error: WebhookError): boolean;
  /** Reports a request that was rejected before any handler ran. */
  rejected(error: WebhookError, request: ReceiveInput): void;
  /** Reports a failure to the error handlers, and waits for them briefly. */
  failed(failure: Failure, registrations: readonly Registration[]): Promise<unknown>;
  /** Reports an event that was acknowledged although no handler ran. */
  unhandled(event: WebhookEvent, registrations: readonly Registration[]): void;
  /** Reports a handler that was registered after the first request. */
  registeredLate(types: readonly unknown[], replaced: boolean): void;
}

function describeError({ status, code, message, hint }: WebhookError): string {
  return `${status} ${code}: ${toLine(hint ? `${message} ${hint}` : message, 350)}`;
}

/** Gives an error its message and hint, if it was thrown without a message. */
function completeError(error: WebhookError, { body, adapterContext }: ReceiveInput): void {
  if (error.message !== error.code) return;
  // `handle` rejects a value that is not a Request with that value as the cause.
  const isMisuse = error.code === 'misconfigured' && body === null && error.cause === adapterContext;
  const details = isMisuse
    ? describeNotARequest(adapterContext)
    : { message: messages[error.code] ?? error.code };
  Object.assign(error, details);
}

function formatTypes(types: readonly unknown[]): string {
  if (types.length === 0) return 'errors';
  return types[0] === '*' ? 'all events' : toLine(types.join(', '), 150);
}

function describeUnhandled(event: WebhookEvent, registrations: readonly Registration[]): string {
  const isUnknown = event.event === 'unknown';
  const name = toLine(isUnknown ? event.type : event.event, 80);
  if (isUnhandled(registrations)) {
    return (
      `${name} was acknowledged, but this receiver has no handlers at all. ` +
      'Register them with receiver.on(…) in the file that creates the receiver.'
    );
  }
  const register = isUnknown ? 'receiver.onUnknown(…)' : `receiver.on('${name}', …)`;
  return (
    `${name} was acknowledged, but no handler is registered for it. ` +
    `Register one with ${register}, or unsubscribe the endpoint from it.`
  );
}

function describeLateRegistration(types: readonly unknown[], replaced: boolean): string {
  return (
    `A handler for ${formatTypes(types)} was registered after the first request` +
    (replaced
      ? ' and replaced the previous one, as after a hot reload.'
      : ' in addition to the previous ones. After a hot reload, restart the server to remove those.') +
    ' To avoid this, export handlers and register them in the file that creates the receiver.'
  );
}

async function callErrorHandler(
  handler: ErrorHandler<never>,
  { error, event, context }: Failure,
): Promise<void> {
  try {
    const pending = handler(error, event as never, context) as Promise<unknown>;
    await withTimeout(pending, { timeoutMs: errorHandlerMs, code: error.code, subject: 'onError' });
  } catch {
    // Documented: an exception of onError does not change the response, which is a failure already.
  }
}

function writeFailure(logger: false | ReceiverLogger, { error, event }: Failure): void {
  const id = toLine((event as WebhookEvent).id, 80);
  const line = `${describeError(error)} Event ${id}. ${pages}/${error.code}.md`;
  writeLine(logger, 'error', line, error.cause);
}

/** Creates the reporter of a receiver. The first report loads this module. */
export function createReporter({
  logger = console,
  onRejected,
}: Pick<ReceiverOptions, 'logger' | 'onRejected'>): Reporter {
  const throttle = createLogThrottle();
  const decisions = new WeakMap<WebhookError, boolean>();
  const reportedTypes = new Set<string>();

  function willReport(error: WebhookError): boolean {
    if (onRejected) return true;
    if (!logger) return false;
    const decision = decisions.get(error) ?? throttle.tryAcquire(error.code);
    decisions.set(error, decision);
    return decision;
  }

  function writeRejection(error: WebhookError): void {
    const count = throttle.takeSuppressed(error.code);
    const more = count > 0 ? ` (${count} more since the last line)` : '';
    const isOurs = error.status >= 500;
    const line = `${describeError(error)}${more} ${pages}/${error.code}.md`;
    writeLine(logger, isOurs ? 'error' : 'warn', line, isOurs ? error.cause : undefined);
  }

  return {
    willReport,
    rejected(error, request) {
      completeError(error, request);
      const { method, headers, adapterContext } = request;
      if (onRejected)
        callObserver(() => onRejected(error, { method, headers: headers ?? {}, adapterContext }));
      else if (willReport(error)) writeRejection(error);
    },
    async failed(failure, registrations) {
      const errorHandlers = registrations.filter(({ types }) => types.length === 0);
      if (errorHandlers.length === 0) writeFailure(logger, failure);
      await Promise.all(
        errorHandlers.map(({ handler }) => callErrorHandler(handler as ErrorHandler<never>, failure)),
      );
    },
    unhandled(event, registrations) {
      const type = event.event === 'unknown' ? event.type : event.event;
      if (reportedTypes.has(type) || reportedTypes.size >= maxReportedTypes) return;
      reportedTypes.add(type);
      if (event.event === 'ping') {
        writeLine(
          logger,
          'info',
          'Endpoint verified by a test ping. The signature and the secret are correct.',
        );
      } else {
        writeLine(logger, 'warn', describeUnhandled(event, registrations));
      }
    },
    registeredLate(types, replaced) {
      writeLine(logger, 'warn', describeLateRegistration(types, replaced));
    },
  };
}
