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
  Published,
  PublishInput,
  RetentionOptions,
  Sender,
  SenderOptions,
} from './types.js';
