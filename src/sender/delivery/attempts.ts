import type { AttemptResult, Rows } from '../records.js';
import type { Claim } from '../stores/store.js';
import type { Time } from '../time.js';
import type { OutgoingRequest } from '../transport/transport.js';
import { PendingRequests, type Outcome, type PendingRequestsOptions } from './pending-requests.js';
import type { Settlements } from './settlements.js';
import { toSignedRequest } from './signed-request.js';
import { settle, type DeliveryRules } from './state-machine.js';

/** The dependencies of {@link Attempts}. */
export interface AttemptsOptions extends PendingRequestsOptions {
  readonly time: Time;
  readonly rules: DeliveryRules;
  readonly jitterRatio: number;
  readonly random: () => number;
  readonly userAgent: string;
  readonly settlements: Settlements;
  /** Called if a retry was scheduled. */
  readonly onScheduled: (dueAtMs: number) => void;
  /** Called if an endpoint was disabled and its owner has to be notified. */
  readonly onDisabled: () => Promise<void>;
}

function isNewlyDisabled(before: Rows['endpoint'], after: Rows['endpoint']): boolean {
  return before?.disabledNotificationPending === false && after?.disabledNotificationPending === true;
}

/** Sends the request of each claimed attempt and settles the attempt with the outcome. */
export class Attempts {
  private readonly requests: PendingRequests;
  private readonly activeTokens = new Set<string>();

  constructor(private readonly options: AttemptsOptions) {
    this.requests = new PendingRequests(options);
  }

  /** Runs an attempt that has begun. If `result` is given, settles it with that and sends nothing. */
  async run(claim: Claim, result?: AttemptResult): Promise<AttemptResult> {
    const token = claim.delivery.token ?? '';
    this.activeTokens.add(token);
    try {
      return await this.sendAndSettle(claim, token, result);
    } finally {
      this.activeTokens.delete(token);
    }
  }

  /** Whether this process is running the attempt. */
  isActive(token: string): boolean {
    return this.activeTokens.has(token);
  }

  /** Leaves all attempts unsettled: their outcome is unknown, so no endpoint is blamed. */
  abort(): void {
    this.activeTokens.clear();
    this.requests.abort();
  }

  private async sendAndSettle(
    claim: Claim,
    token: string,
    result: AttemptResult | undefined,
  ): Promise<AttemptResult> {
    const { time, userAgent, attemptTimeoutMs } = this.options;
    const request = await toSignedRequest(claim, {
      timestampMs: time.timestamp(),
      userAgent,
      timeoutMs: attemptTimeoutMs,
    });
    const outcome = result ? { result, isTransportFault: false } : await this.requests.send(request);
    if (!outcome || !this.isActive(token)) {
      return { error: 'the sender was stopped', timings: { totalMs: 0 } };
    }
    await this.settle(claim.delivery.id, token, request, outcome);
    return outcome.result;
  }

  private async settle(
    deliveryId: string,
    token: string,
    { headers: requestHeaders }: OutgoingRequest,
    outcome: Outcome,
  ): Promise<void> {
    const { rules, settlements, jitterRatio, random, onScheduled, onDisabled } = this.options;
    const jitter = random() * jitterRatio;
    const effect: { dueAtMs: number | null; isDisabled: boolean } = { dueAtMs: null, isDisabled: false };
    await settlements.write(deliveryId, (rows, nowMs) => {
      const change = settle(rows, { nowMs, token, ...outcome, requestHeaders, jitter }, rules);
      effect.dueAtMs = change?.delivery.dueAtMs ?? null;
      effect.isDisabled = isNewlyDisabled(rows.endpoint, change?.endpoint);
      return change;
    });
    if (effect.dueAtMs !== null) onScheduled(effect.dueAtMs);
    if (effect.isDisabled) await onDisabled();
  }
}
