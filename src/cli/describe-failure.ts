import { escapeControls, hideSignatures, truncate } from './style.js';

/** The outcome of one request, as it is described to the user. */
export interface RequestOutcome {
  readonly url: string;
  readonly status: number | null;
  /** The reason why there is no status, or why the response is incomplete. */
  readonly error: string | null;
  readonly responseHeaders: Readonly<Record<string, string>> | null;
  readonly responseBody: string | null;
}

/** The longest part of a response or an error that a line shows, in characters. */
const maxQuotedLength = 120;

/** The receiver's codes (`{"error":"<code>"}`) in words. */
const codes: Readonly<Record<string, string>> = {
  missing_signature: 'the signature header did not arrive. A proxy may have removed it',
  malformed_signature: 'the signature header was changed on the way',
  signature_mismatch: 'the receiver has another secret, or the body was changed before it was verified',
  missing_timestamp: 'the timestamp header did not arrive. A proxy may have removed it',
  malformed_timestamp: 'the timestamp header was changed on the way',
  timestamp_outside_tolerance: "the timestamp header is too far from the receiver's clock",
  event_expired: "the event is older than the receiver's replay window",
  invalid_utf8: 'the body is not UTF-8',
  invalid_json: 'the body is not JSON',
  invalid_envelope: 'a field of the event is missing or malformed',
  schema_mismatch: "the event's data does not match the receiver's schema",
  method_not_allowed: 'the receiver got another method than POST',
  body_too_large: "the body is longer than the receiver's maxBodyBytes",
  duplicate_in_progress: 'the same event is being handled at the moment',
  body_already_parsed: 'a body parser ran before the receiver. Mount the receiver first',
  handler_failed: "a handler failed. The receiver's log says why",
  notifier_failed: "a notifier failed. The receiver's log says why",
  misconfigured: 'the receiver has no secret. Set it where the receiver runs',
  handler_timeout: "the handlers took longer than the receiver's deadline",
  replay_store_unavailable: "the receiver's replay store did not answer",
};

const statuses: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'no route at this path. Check the path of the URL',
  405: 'the route does not accept POST',
  410: 'gone. The endpoint wants no more events',
  413: 'the body is too large for the server',
  415: 'the server does not accept JSON at this path',
  429: 'too many requests',
  502: 'a proxy did not reach the server behind it',
  503: 'the server is unavailable',
  504: 'a proxy timed out waiting for the server',
};

const errors: readonly (readonly [RegExp, (host: string) => string])[] = [
  [/ECONNREFUSED/, (host) => `connection refused: nothing listens at ${host}`],
  [/ENOTFOUND|EAI_AGAIN|ENODATA|has no address/i, (host) => `the name of ${host} has no address`],
  [/ECONNRESET|EPIPE|socket hang up/, (host) => `${host} closed the connection before a complete response`],
  [/ETIMEDOUT/, (host) => `timeout: ${host} did not accept the connection`],
  [/EHOSTUNREACH|ENETUNREACH/, (host) => `${host} cannot be reached from this network`],
  [
    /EPROTO|wrong version number|packet length too long/i,
    (host) => `${host} does not speak TLS. Is it http: rather than https:?`,
  ],
  [/self.signed certificate|unable to verify|CERT_/i, (host) => `the certificate of ${host} is not trusted`],
];

function describeError(error: string, host: string): string {
  const timeout = /within (\d+) ms/.exec(error);
  if (timeout) {
    const seconds = Number(timeout[1]) / 1000;
    const what = error.startsWith('no response') ? 'no response' : 'no complete response';
    return `timeout: ${what} within ${seconds} s`;
  }
  const known = errors.find(([pattern]) => pattern.test(error));
  return known ? known[1](host) : truncate(escapeControls(error), maxQuotedLength);
}

/** Returns the code of a body `{"error":"<code>"}`; undefined if it has another form. */
function codeOf(body: string): string | undefined {
  try {
    const { error } = Object(JSON.parse(body)) as { error?: unknown };
    return typeof error === 'string' && /^\w{1,60}$/.test(error) ? error : undefined;
  } catch {
    return undefined;
  }
}

function describeStatus(status: number, { responseHeaders, responseBody }: RequestOutcome): string {
  if (status >= 300 && status < 400) {
    const location = responseHeaders?.location;
    const target =
      location === undefined ? '' : ` (to ${truncate(escapeControls(location), maxQuotedLength)})`;
    return `redirects are not followed${target}. Use the final URL`;
  }
  const code = codeOf(responseBody ?? '');
  if (code !== undefined) {
    return Object.hasOwn(codes, code) ? `${code}: ${codes[code]}` : code;
  }
  if (Object.hasOwn(statuses, status)) return statuses[status] ?? '';
  const text = hideSignatures((responseBody ?? '').trim());
  return text === '' ? 'without a body' : truncate(escapeControls(text), maxQuotedLength);
}

/** Describes in words why a request failed. The text contains nothing that drives a terminal. */
export function describeFailure(outcome: RequestOutcome): string {
  const { url, status, error } = outcome;
  const host = URL.canParse(url) ? new URL(url).host : 'the server';
  if (error !== null) return describeError(error, host);
  return status === null ? 'the outcome is not known' : describeStatus(status, outcome);
}

/** Whether nothing listens at the address of a failed request. */
export function isConnectionRefused({ error }: Pick<RequestOutcome, 'error'>): boolean {
  return error?.includes('ECONNREFUSED') === true;
}
