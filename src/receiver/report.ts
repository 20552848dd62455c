import type { WebhookError, WebhookErrorCode } from '../errors.js';
import type { WebhookEvent } from '../events/types.js';
import { describeNotARequest } from '../verify/hosts.js';
import { isUnhandled, type Registration } from './registration.js';
import type { ReceiveInput, ReceiverOptions } from './types.js';

/** At most one line per code in this time, in milliseconds: forged traffic must not flood a log. */
const intervalMs = 60_000;

/** How many names of event types are remembered as reported. Names of unknown types come from outside. */
const maxReportedTypes = 100;

/** For errors that are thrown without a message, and not by the verification. */
const messages: Readonly<Partial<Record<WebhookErrorCode, string>>> = {
  misconfigured: 'The receiver itself failed: an option or a body function threw.',
  method_not_allowed: 'Webhooks are sent with POST.',
};

const pages = 'https://github.com/hostwares/webhooks/blob/main/docs/errors';

/** Tells `onRejected`, or else the logger. */
export interface Reporter {
  /** Decides whether anybody will be told of this error, so that it is worth an explanation. */
  willTell(error: WebhookError): boolean;
  /** Tells of a request that was rejected before any handler ran. */
  rejected(error: WebhookError, request: ReceiveInput): void;
  /** Tells of a failure after verification, if there is no `onError`. */
  failed(error: WebhookError, event: WebhookEvent): void;
  /** Tells of an event that was acknowledged although no handler ran. */
  unhandled(event: WebhookEvent, registrations: readonly Registration[]): void;
  /** Tells of a handler that was registered after the first request. */
  registeredLate(types: readonly unknown[], replaced: boolean): void;
}

/** One line, whatever the text holds: ids and names of types come from outside. */
function oneLine(text: string, maxLength = 500): string {
  const line = text.replace(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g, ' ');
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}

const describe = (message: string, hint: string | undefined): string =>
  oneLine(hint ? `${message} ${hint}` : message, 350);

function formatTypes(types: readonly unknown[]): string {
  if (types.length === 0) return 'errors';
  return types[0] === '*' ? 'all events' : oneLine(types.join(', '), 150);
}

/** Made by the first line that there is to write; most receivers never need it. */
export function createReporter({
  logger = console,
  onRejected,
}: Pick<ReceiverOptions, 'logger' | 'onRejected'>): Reporter {
  const writtenAt = new Map<string, number>();
  const suppressed = new Map<string, number>();
  const decisions = new WeakMap<WebhookError, boolean>();
  const reportedTypes = new Set<string>();

  /** Neither an exception nor a rejected promise of the user's code may touch the response. */
  function call(observer: () => unknown): void {
    try {
      Promise.resolve(observer()).catch(() => undefined);
    } catch {
      // There is nobody left to tell.
    }
  }

  function write(level: 'info' | 'warn' | 'error', line: string, cause?: unknown): void {
    if (!logger) return;
    const text = `[hostwares] ${oneLine(line)}`;
    call(() => {
      if (level === 'info' && logger.info) return logger.info(text);
      if (level !== 'error') return logger.warn(text);
      return cause === undefined ? logger.error(text) : logger.error(text, cause);
    });
  }

  function decide({ code }: WebhookError): boolean {
    // The monotonic clock: neither a wrong `now` nor a clock that was set back may silence a code.
    const nowMs = performance.now();
    if (nowMs - (writtenAt.get(code) ?? -Infinity) < intervalMs) {
      suppressed.set(code, (suppressed.get(code) ?? 0) + 1);
      return false;
    }
    writtenAt.set(code, nowMs);
    return true;
  }

  function willTell(error: WebhookError): boolean {
    if (onRejected) return true;
    if (!logger) return false;
    const decision = decisions.get(error) ?? decide(error);
    decisions.set(error, decision);
    return decision;
  }

  function writeRejection({ status, code, message, hint, cause }: WebhookError): void {
    const count = suppressed.get(code) ?? 0;
    suppressed.delete(code);
    const more = count > 0 ? ` (${count} more since the last line)` : '';
    const isOurs = status >= 500;
    write(
      isOurs ? 'error' : 'warn',
      `${status} ${code}: ${describe(message, hint)}${more} ${pages}/${code}.md`,
      isOurs ? cause : undefined,
    );
  }

  return {
    willTell,
    rejected(error, { method, headers, body, adapterContext }) {
      if (error.message === error.code) {
        // `handle` rejects a value that is no Request with that value.
        const isMisuse = body === null && error.cause === adapterContext;
        const details = isMisuse
          ? describeNotARequest(adapterContext)
          : { message: messages[error.code] ?? error.code };
        Object.assign(error, details);
      }
      if (onRejected) call(() => onRejected(error, { method, headers: headers ?? {}, adapterContext }));
      else if (willTell(error)) writeRejection(error);
    },
    failed({ status, code, message, hint, cause }, { id }) {
      write(
        'error',
        `${status} ${code}: ${describe(message, hint)} Event ${oneLine(id, 80)}. ${pages}/${code}.md`,
        cause,
      );
    },
    unhandled(event, registrations) {
      const type = event.event === 'unknown' ? event.type : event.event;
      if (reportedTypes.has(type) || reportedTypes.size >= maxReportedTypes) return;
      reportedTypes.add(type);
      const name = oneLine(type, 80);
      if (event.event === 'ping') {
        write('info', 'Endpoint verified by a test ping. Signature and secret are right.');
      } else if (isUnhandled(registrations)) {
        write(
          'warn',
          `${name} was acknowledged, but this receiver has no handlers at all. ` +
            'Register them with receiver.on(…) in the file that creates the receiver.',
        );
      } else {
        const register = event.event === 'unknown' ? 'receiver.onUnknown(…)' : `receiver.on('${name}', …)`;
        write(
          'warn',
          `${name} was acknowledged, but no handler is registered for it. ` +
            `Register one with ${register}, or unsubscribe the endpoint from it.`,
        );
      }
    },
    registeredLate(types, replaced) {
      write(
        'warn',
        `A handler for ${formatTypes(types)} was registered after the first request` +
          (replaced
            ? ' and replaced the one registered before, as after a hot reload.'
            : ' in addition to those registered before. After a hot reload, restart the server to remove them.') +
          ' To avoid this, export handlers and register them in the file that creates the receiver.',
      );
    },
  };
}
