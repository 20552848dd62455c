import type { JSX } from 'hono/jsx/jsx-runtime';
import type { AttemptRecord, DeliveryRecord, DeliveryStatus } from '../../../sender/records.js';
import type { Endpoint } from '../../../sender/types.js';

type Tone = 'good' | 'bad' | 'waiting' | 'active' | 'quiet';

/** The statuses of a delivery with their names, in the order in which a delivery passes through them. */
export const deliveryStatuses: Readonly<
  Record<DeliveryStatus, { readonly label: string; readonly tone: Tone }>
> = {
  scheduled: { label: 'Scheduled', tone: 'waiting' },
  attempting: { label: 'In flight', tone: 'active' },
  held: { label: 'Held', tone: 'waiting' },
  succeeded: { label: 'Succeeded', tone: 'good' },
  failed: { label: 'Failed', tone: 'bad' },
  cancelled: { label: 'Cancelled', tone: 'quiet' },
};

export function isDeliveryStatus(text: string): text is DeliveryStatus {
  return Object.hasOwn(deliveryStatuses, text);
}

export function Badge({ tone, label }: { readonly tone: Tone; readonly label: string }): JSX.Element {
  return <span class={`badge ${tone}`}>{label}</span>;
}

export function DeliveryBadge({ delivery }: { readonly delivery: DeliveryRecord }): JSX.Element {
  const { label, tone } = deliveryStatuses[delivery.status];
  const isRetry = delivery.status === 'scheduled' && delivery.attempts > 0;
  return <Badge tone={tone} label={isRetry ? 'Retry scheduled' : label} />;
}

export function EndpointBadge({ endpoint }: { readonly endpoint: Endpoint }): JSX.Element {
  if (endpoint.status === 'disabled') return <Badge tone="bad" label="Disabled" />;
  return endpoint.failingSinceMs === null ? (
    <Badge tone="good" label="Enabled" />
  ) : (
    <Badge tone="waiting" label="Enabled, failing" />
  );
}

const outcomes: Readonly<Record<AttemptRecord['outcome'], { readonly label: string; readonly tone: Tone }>> =
  {
    pending: { label: 'In flight', tone: 'active' },
    success: { label: 'Success', tone: 'good' },
    failure: { label: 'Failure', tone: 'bad' },
    unknown: { label: 'Outcome unknown', tone: 'quiet' },
  };

export function OutcomeBadge({ attempt }: { readonly attempt: AttemptRecord }): JSX.Element {
  return <Badge {...outcomes[attempt.outcome]} />;
}

/** Describes the response of an attempt in a few words. */
export function describeResult({ outcome, result }: AttemptRecord): string {
  if (outcome === 'pending') return 'waiting for the response';
  if (result?.status !== undefined) return `HTTP ${result.status}${result.error ? `: ${result.error}` : ''}`;
  return result?.error ?? 'no response was recorded';
}
