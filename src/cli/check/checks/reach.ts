import { describeExchange, isAcknowledged, quoteBody } from '../describe-exchange.js';
import { fail, pass } from '../outcomes.js';
import type { Exchange, FailureReason, RawResponse } from '../request.js';
import type { Check, CheckContext, Outcome } from '../types.js';

/** Why an endpoint rejects a genuine event, by the error codes of this package. */
const causes: Readonly<Record<string, string>> = {
  signature_mismatch:
    'It has another secret than the one given here, or something changes the body before it is verified.',
  timestamp_outside_tolerance: 'Its clock differs from the clock of this machine.',
  body_already_parsed: 'A body parser runs before the receiver.',
  misconfigured: 'It has no secret: look at its environment.',
  replay_store_unavailable: 'Its replay store cannot be reached.',
  handler_failed: 'A handler threw an error: look at its log.',
};

const byStatus: Readonly<Record<number, string>> = {
  400: 'It could not read the event, or it answers a wrong signature with 400: compare the secrets.',
  401: 'Most likely its secret differs from the one given here.',
  403: 'Most likely its secret differs from the one given here, or a firewall or CSRF protection stands before it.',
  404: 'Nothing is mounted at this path: compare the path of the URL.',
  405: 'The path exists, but takes no POST.',
  413: 'Its limit for bodies is below 1 kB.',
  415: 'It does not accept application/json.',
  429: 'It limits the rate of requests: lift the limit for this check.',
};

function explainStatus({ status, body }: RawResponse): string {
  const code = /"error"\s*:\s*"([a-z_]+)"/.exec(body)?.[1] ?? '';
  const cause = Object.hasOwn(causes, code) ? causes[code] : byStatus[status];
  return cause ?? (status >= 500 ? 'Its code failed: look at its log.' : 'Look at its log.');
}

const reachProblems: Partial<Record<FailureReason, string>> = {
  refused: 'Nothing listens there. Start the server, and compare the port.',
  'unknown-host': 'The host name is not known. Compare the spelling.',
  tls: 'TLS failed: the certificate is not valid for this host, or the port does not speak TLS.',
  unreachable: 'The host cannot be reached.',
};

function baselineOf({ log }: CheckContext): Exchange {
  if (!log.baseline) throw new Error('The check `reachable` must run first.');
  return log.baseline;
}

const reachable: Check = {
  id: 'reachable',
  group: 'reach',
  title: 'accepts connections',
  why: 'An endpoint that cannot be reached receives no event, and is disabled after five failed retries.',
  fix: 'Start the server. Compare host, port and scheme of the URL.',
  severity: 'major',
  async run(context) {
    const { client, events, log } = context;
    const { json, id, type } = events.create('deployment.completed');
    const what = 'a genuine deployment.completed';
    const end = await client.sendOnce(json, { what });
    log.baseline = end;
    if (isAcknowledged(end)) log.acknowledged.push({ eventId: id, type, what, durationMs: end.durationMs });
    const problem = end.kind === 'failure' ? reachProblems[end.reason] : undefined;
    if (problem === undefined) return pass();
    return fail(`${problem}${end.kind === 'failure' ? ` (${end.message})` : ''}`);
  },
};

const responds: Check = {
  id: 'responds',
  group: 'reach',
  title: 'responds to a genuine event in time',
  why: 'The platform waits 15 s for a response. After that the attempt has failed, although your code may have run.',
  fix: 'Send the response on every path, also when verification or a handler fails. Put long work into a queue.',
  severity: 'major',
  async run(context) {
    const end = baselineOf(context);
    return Promise.resolve(
      end.kind === 'response' ? pass() : fail(`A genuine event: ${describeExchange(end)} (${end.message}).`),
    );
  },
};

const redirect: Check = {
  id: 'no-redirect',
  group: 'reach',
  title: 'does not redirect',
  why: 'The platform follows no redirect: a 3xx is a failed delivery.',
  fix: 'Register the final URL: https, the right host, with or without the trailing slash.',
  severity: 'major',
  async run(context) {
    const end = baselineOf(context);
    if (end.kind !== 'response' || end.status < 300 || end.status > 399) return Promise.resolve(pass());
    const location = quoteBody(end.headers.location ?? '');
    return Promise.resolve(fail(`The response is ${end.status}, to another location${location}.`));
  },
};

function judgeBaseline(end: Exchange): Outcome {
  if (isAcknowledged(end)) return pass();
  const cause = end.kind === 'response' ? ` ${explainStatus(end)}` : '';
  return fail(`A genuine event got ${describeExchange(end)} instead of 2xx.${cause}`);
}

const baseline: Check = {
  id: 'accepts-genuine',
  group: 'reach',
  title: 'accepts a genuine event',
  why: 'Every event would be retried five times, and then the endpoint is disabled. Nothing else can be judged before.',
  fix: 'Remove the cause that is named. If it is the signature, use the same secret on both sides, and verify the bytes of the body as they arrived.',
  severity: 'major',
  run: async (context) => Promise.resolve(judgeBaseline(baselineOf(context))),
};

/** Whether anything else can be judged. The checks after the first failure are skipped. */
export const reachChecks: readonly Check[] = [reachable, responds, redirect, baseline];
