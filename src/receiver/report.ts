import type { WebhookError } from '../errors.js';
import type { WebhookEvent } from '../events/types.js';
import type { ReceiverLogger } from './types.js';

/** At most one line per code in this time, in milliseconds: forged traffic must not flood a log. */
const intervalMs = 60_000;

/** How many names of event types are remembered as reported. Names of unknown types come from outside. */
const maxReportedTypes = 100;

const pages = 'https://github.com/hostwares/webhooks/blob/main/docs/errors';

/** Writes to the logger what nobody else is told. */
export interface Reporter {
  /** Tells whether {@link Reporter.rejected} will write a line for this error, and decides it. */
  willWrite(error: WebhookError): boolean;
  rejected(error: WebhookError): void;
  failed(error: WebhookError, event: WebhookEvent): void;
  /** An event was acknowledged, and no handler ran. */
  unhandled(event: WebhookEvent, noHandlers: boolean): void;
  /** A handler was registered after the first request. */
  registeredLate(types: readonly unknown[], replaced: boolean): void;
}

/** One line, whatever the text holds: ids and names of types come from outside. */
function oneLine(text: string, maxLength = 500): string {
  const line = text.replace(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g, ' ');
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}

function formatTypes(types: readonly unknown[]): string {
  if (types.length === 0) return 'errors';
  return types[0] === '*' ? 'all events' : oneLine(types.join(', '), 150);
}

/** Made by the first line that there is to write; most receivers never need it. */
export function createReporter(logger: ReceiverLogger, now: () => number): Reporter {
  const writtenAt = new Map<string, number>();
  const suppressed = new Map<string, number>();
  const decisions = new WeakMap<WebhookError, boolean>();
  const reportedTypes = new Set<string>();

  /** A logger is somebody else's code: neither its exception nor its rejected promise may touch the response. */
  function write(level: 'info' | 'warn' | 'error', line: string, cause?: unknown): void {
    const method = level === 'info' && !logger.info ? 'warn' : level;
    try {
      const details = cause === undefined ? [] : [cause];
      const written = (logger[method] as (line: string, ...details: unknown[]) => unknown)(
        `[hostwares] ${oneLine(line)}`,
        ...details,
      );
      Promise.resolve(written).catch(() => undefined);
    } catch {
      // There is nobody left to tell.
    }
  }

  function decide({ code }: WebhookError): boolean {
    const sinceMs = now() - (writtenAt.get(code) ?? -Infinity);
    // A clock that was set back must not silence a code.
    if (sinceMs >= 0 && sinceMs < intervalMs) {
      suppressed.set(code, (suppressed.get(code) ?? 0) + 1);
      return false;
    }
    writtenAt.set(code, now());
    return true;
  }

  function willWrite(error: WebhookError): boolean {
    const decision = decisions.get(error) ?? decide(error);
    decisions.set(error, decision);
    return decision;
  }

  return {
    willWrite,
    rejected(error) {
      if (!willWrite(error)) return;
      const { status, code, message, hint, cause } = error;
      const count = suppressed.get(code) ?? 0;
      suppressed.delete(code);
      const more = count > 0 ? ` (${count} more since the last line)` : '';
      const isOurs = status >= 500;
      write(
        isOurs ? 'error' : 'warn',
        `${status} ${code}: ${oneLine(hint ?? message, 300)}${more} ${pages}/${code}.md`,
        isOurs ? cause : undefined,
      );
    },
    failed({ status, code, message, hint, cause }, { id }) {
      const line = `${status} ${code}: ${oneLine(hint ? `${message} ${hint}` : message, 250)} Event ${oneLine(id, 80)}.`;
      write('error', `${line} It will be retried. ${pages}/${code}.md`, cause);
    },
    unhandled(event, noHandlers) {
      const type = event.event === 'unknown' ? event.type : event.event;
      if (reportedTypes.has(type) || reportedTypes.size >= maxReportedTypes) return;
      reportedTypes.add(type);
      const name = oneLine(type, 80);
      if (event.event === 'ping') {
        write('info', 'Endpoint verified by a test ping. Signature and secret are right.');
      } else if (noHandlers) {
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
