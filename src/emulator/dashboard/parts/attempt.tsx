import type { JSX } from 'hono/jsx/jsx-runtime';
import type { AttemptRecord, AttemptTimings } from '../../../sender/records.js';
import { toCurl } from '../curl.js';
import { formatDuration } from '../format.js';
import { Body, Code, CopyButton, Headers } from './code.js';
import { describeResult, OutcomeBadge } from './status.js';
import { Time } from './time.js';
import { WebUrl } from './links.js';

interface AttemptProps {
  readonly attempt: AttemptRecord;
  /** The body that was signed. */
  readonly body: string;
  readonly nowMs: number;
  readonly isLast: boolean;
}

const phases: readonly (readonly [name: Exclude<keyof AttemptTimings, 'totalMs'>, label: string])[] = [
  ['dnsMs', 'DNS'],
  ['connectMs', 'Connect'],
  ['tlsMs', 'TLS'],
  ['waitMs', 'Wait'],
  ['bodyMs', 'Body'],
];

/** The phases of an attempt as text, and as a bar in which each has its share of the time. */
function Timings({ timings }: { readonly timings: AttemptTimings }): JSX.Element {
  const shown = phases.flatMap(([name, label]) => {
    const ms = timings[name];
    return ms === undefined ? [] : [{ name, label, ms }];
  });
  const totalMs = Math.max(
    timings.totalMs,
    shown.reduce((sum, { ms }) => sum + ms, 0),
  );
  let x = 0;
  return (
    <div class="timings">
      {totalMs > 0 && (
        <svg viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
          <rect class="total" width="1000" height="8" />
          {shown.map(({ name, ms }) => {
            const width = (ms / totalMs) * 1_000;
            x += width;
            return <rect class={name} x={(x - width).toFixed(1)} width={width.toFixed(1)} height="8" />;
          })}
        </svg>
      )}
      <ul>
        {shown.map(({ name, label, ms }) => (
          <li>
            <span class={`swatch ${name}`} />
            {label} {formatDuration(ms)}
          </li>
        ))}
        <li>
          <strong>Total {formatDuration(timings.totalMs)}</strong>
        </li>
      </ul>
    </div>
  );
}

function Request({ attempt, body }: AttemptProps): JSX.Element {
  const id = `attempt-${attempt.number}`;
  return (
    <section>
      <h4>Request</h4>
      <p>
        <code>POST</code> <WebUrl url={attempt.url} />
      </p>
      {attempt.requestHeaders ? (
        <>
          <Headers label={`Request headers of attempt ${attempt.number}`} headers={attempt.requestHeaders} />
          <details class="curl" id={`${id}-curl-details`}>
            <summary>As a curl command</summary>
            <Code
              id={`${id}-curl`}
              label={`curl command of attempt ${attempt.number}`}
              text={toCurl({ url: attempt.url, headers: attempt.requestHeaders, body })}
            />
            <p class="hint">
              It repeats the request with its signature and its timestamp, which receivers accept for five
              minutes.
            </p>
          </details>
          <CopyButton target={`${id}-curl`} label="Copy as curl" />
        </>
      ) : (
        <p class="muted">The headers are recorded when the attempt has ended.</p>
      )}
    </section>
  );
}

function Response({ attempt }: AttemptProps): JSX.Element {
  const { number, result } = attempt;
  if (!result) return <></>;
  return (
    <section>
      <h4>Response</h4>
      {result.status === undefined ? (
        <p>There was no response: {result.error ?? 'the reason was not recorded'}.</p>
      ) : (
        <>
          <p>
            <code>{`HTTP ${result.status}`}</code>
            {result.error !== undefined && ` The response is incomplete: ${result.error}.`}
          </p>
          <Headers label={`Response headers of attempt ${number}`} headers={result.responseHeaders} />
          <Body
            id={`response-${number}`}
            label={`response body of attempt ${number}`}
            text={result.responseBody ?? ''}
          />
        </>
      )}
      {result.address !== undefined && <p class="muted">Connected to {result.address}.</p>}
      <Timings timings={result.timings} />
    </section>
  );
}

/** An attempt on the time line. The last one is open. */
export function Attempt(props: AttemptProps): JSX.Element {
  const { attempt, nowMs, isLast } = props;
  const { number, result, reason } = attempt;
  const durationMs = result?.timings.totalMs;
  return (
    <li class={`attempt ${attempt.outcome}`} data-key={String(number)}>
      <details open={isLast} id={`attempt-${number}`}>
        <summary>
          <span class="strong">Attempt {number}</span> <OutcomeBadge attempt={attempt} />{' '}
          <span class="result">{describeResult(attempt)}</span>{' '}
          <span class="muted nowrap">
            {durationMs !== undefined && `${formatDuration(durationMs)} · `}
            <Time atMs={attempt.startedAtMs} nowMs={nowMs} />
          </span>
        </summary>
        {result?.note !== undefined && (
          <p class="fault">
            <strong>Fault on purpose:</strong> {result.note}.
          </p>
        )}
        <div class="exchange">
          <Request {...props} />
          <Response {...props} />
        </div>
      </details>
      {reason !== null && reason !== 'delivered' && (
        <p class="reason">
          {attempt.nextAttemptAtMs === null ? (
            <>Then: {reason}.</>
          ) : (
            <>
              Next attempt due <Time atMs={attempt.nextAttemptAtMs} nowMs={nowMs} />: {reason}.
            </>
          )}
        </p>
      )}
    </li>
  );
}
