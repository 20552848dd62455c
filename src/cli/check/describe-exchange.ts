import { escapeControls, truncate } from '../style.js';
import type { Exchange, FailureReason } from './request.js';

const reasons: Readonly<Record<FailureReason, string>> = {
  refused: 'the connection was refused',
  'unknown-host': 'the host name was not found',
  tls: 'TLS failed',
  unreachable: 'the host cannot be reached',
  timeout: 'no complete response in time',
  closed: 'the connection was closed without a complete response',
  malformed: 'the response is not valid HTTP',
  cut: 'this side closed the connection',
};

export function isAcknowledged(end: Exchange): boolean {
  return end.kind === 'response' && end.status >= 200 && end.status <= 299;
}

/** Tells whether a request was answered as one that the endpoint does not want: 4xx. */
export function isRejected(end: Exchange): boolean {
  return end.kind === 'response' && end.status >= 400 && end.status <= 499;
}

/** Tells whether the endpoint asks the platform to retry: it is busy with the event, or it failed. */
export function isRetryable(end: Exchange): boolean {
  return end.kind !== 'response' || end.status >= 500 || [408, 409, 425, 429].includes(end.status);
}

/** Makes a response body presentable: one short line, in quotation marks. */
export function quoteBody(body: string): string {
  const text = truncate(escapeControls(body.slice(0, 1_000).replace(/\s+/g, ' ').trim()), 80);
  return text === '' ? '' : ` (${JSON.stringify(text)})`;
}

/** Describes the end of a request for the report. */
export function describeExchange(end: Exchange): string {
  return end.kind === 'response' ? `${end.status}${quoteBody(end.body)}` : reasons[end.reason];
}

/** The status, or the reason why there is none. */
export function describeStatus(end: Exchange): string {
  return end.kind === 'response' ? String(end.status) : reasons[end.reason];
}
