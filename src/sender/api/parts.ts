import { apiBackends, type ApiBackend } from '../api-backend.js';
import type { Sender } from '../types.js';
import {
  createQuota,
  resolveLimits,
  type ApiLimits,
  type Quota,
  type QuotaName,
  type SenderApiLimits,
} from './limits.js';

/** The parts that all handlers use. */
export interface ApiParts {
  readonly sender: Sender;
  readonly backend: ApiBackend;
  readonly limits: ApiLimits;
  readonly quotas: Readonly<Record<QuotaName, Quota>>;
}

/** @throws `TypeError` if `createSender` did not create the sender, or a limit is not a whole number above 0 */
export function createApiParts(sender: Sender, givenLimits: SenderApiLimits | undefined): ApiParts {
  const backend = apiBackends.get(sender);
  if (!backend) throw new TypeError('createSenderApi needs a sender that createSender created.');
  const limits = resolveLimits(givenLimits);
  const now = (): number => backend.now();
  return {
    sender,
    backend,
    limits,
    quotas: {
      requests: createQuota('requests', limits.requestsPerMinute, now),
      pings: createQuota('pings', limits.pingsPerMinute, now),
      redeliveries: createQuota('redeliveries', limits.redeliveriesPerMinute, now),
    },
  };
}
