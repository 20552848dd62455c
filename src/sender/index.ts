export { createSenderApi } from './api.js';
export type { SenderApi, SenderApiOptions } from './api.js';
export type { Clock } from './clock.js';
export { isSenderError, SenderError } from './errors.js';
export type { SenderErrorCode } from './errors.js';
export { createSender } from './sender.js';
export type {
  AttemptRecord,
  AttemptResult,
  AttemptTimings,
  DeliveryDetails,
  DeliveryRecord,
  DeliveryStatus,
  EndpointRecord,
  EventRecord,
  Page,
  SenderStore,
} from './stores/contract.js';
export { createMemoryStore } from './stores/memory.js';
export type { OutgoingRequest, Transport } from './transport-contract.js';
export type {
  CreatedEndpoint,
  Endpoint,
  EndpointInput,
  ListOptions,
  PingResult,
  Published,
  PublishInput,
  Sender,
  SenderOptions,
} from './types.js';
