import type { Reporter } from './reporter.js';
import type { ReceiverOptions } from './types.js';

/**
 * Reports something to `onRejected`, `onError` or the logger. Resolves with the result of `act`, or with undefined if that
 * failed. Never rejects, so that no failure of a report changes a response.
 */
export type Report = <Result>(act: (reporter: Reporter) => Result) => Promise<Result | undefined>;

/** Creates a {@link Report}. The reporter is loaded by the first report, because most receivers never need it. */
export function createReport(options: ReceiverOptions): Report {
  let reporter: Promise<Reporter> | undefined;
  return (act) =>
    (reporter ??= import('./reporter.js').then(({ createReporter }) => createReporter(options)))
      .then(act)
      .catch(() => undefined);
}
