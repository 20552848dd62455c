export { createSenderApi } from './api.js';
export type { SenderApi, SenderApiLimits, SenderApiOptions } from './api.js';
export type { Clock } from './clock.js';
export { isSenderError, SenderError } from './errors.js';
export type { SenderErrorCode } from './errors.js';
export { createSender } from './sender.js';
export type {
  AttemptRecord,
  AttemptResult,
  AttemptTimings,
  Change,
  Claim,
  ClaimBatch,
  ClaimRequest,
  DeliveryDetails,
  DeliveryFilter,
  DeliveryRecord,
  DeliveryStatus,
  EndpointFilter,
  EndpointRecord,
  EventRecord,
  HeldExpiry,
  IdempotencyRecord,
  KeyClaim,
  KeyExpiry,
  Lane,
  Page,
  PageRequest,
  PendingHeldNotice,
  PruneRule,
  PruneStep,
  PublishStep,
  RebaseRequest,
  Rows,
  SenderStore,
  Transition,
  WaitingRequest,
} from './stores/contract.js';
export { createMemoryStore } from './stores/memory.js';
export type { OutgoingRequest, Transport } from './transport-contract.js';
export type {
  CreatedEndpoint,
  Endpoint,
  EndpointInput,
  EventName,
  HeldNotice,
  ListOptions,
  PingResult,
  Published,
  PublishInput,
  RetentionOptions,
  Sender,
  SenderOptions,
} from './types.js';
