/**
 * Sends webhooks as the platform does: endpoints, publishing, deliveries with retries, and an HTTP API to manage them.
 * Start with {@link createSender}. For Node.
 *
 * @module sender
 */
export { createSenderApi } from './api/api.js';
export type { SenderApi, SenderApiLimits, SenderApiOptions } from './api/api.js';
export type { Clock } from './clock.js';
export { isSenderError, SenderError } from './errors.js';
export type { SenderErrorCode } from './errors.js';
export { createSender } from './sender.js';
export type {
  AttemptRecord,
  AttemptResult,
  AttemptTimings,
  Change,
  DeliveryRecord,
  DeliveryStatus,
  EndpointRecord,
  EventRecord,
  IdempotencyRecord,
  Lane,
  Rows,
  Transition,
} from './records.js';
export type {
  Claim,
  ClaimBatch,
  ClaimRequest,
  DeliveryDetails,
  DeliveryFilter,
  EndpointFilter,
  HeldExpiry,
  KeyClaim,
  KeyExpiry,
  Page,
  PageRequest,
  PendingHeldNotification,
  PruneRule,
  PruneStep,
  PublishStep,
  RebaseRequest,
  SenderStore,
  WaitingRequest,
} from './stores/store.js';
export { createMemoryStore } from './stores/memory/memory.js';
export type { OutgoingRequest, Transport } from './transport/transport.js';
export type {
  CreatedEndpoint,
  Endpoint,
  EndpointInput,
  EventName,
  HeldNotice,
  ListOptions,
  PingResult,
  PublishResult,
  PublishInput,
  RetentionOptions,
  Sender,
  SenderOptions,
} from './types.js';
