/**
 * Receives Hostwares webhooks: verifies the signature over the raw bytes, types the event, and runs your handlers
 * once per event. Start with {@link createReceiver}; {@link verifyWebhook} verifies without handlers. It has no dependencies and runs
 * in Node, Bun, Deno, Cloudflare Workers and edge runtimes.
 *
 * @module index
 */
export { isWebhookError, WebhookError } from './errors.js';
export type { WebhookErrorCode, WebhookErrorOptions } from './errors.js';
export { isNewer } from './events/is-newer.js';
export type { SeenEvent } from './events/is-newer.js';
export { parseEvent } from './events/parse.js';
export { eventTypes, isEventType } from './events/types.js';
export type {
  AlertTriggeredData,
  CreditsLowData,
  DatabaseCreatedData,
  DeploymentCompletedData,
  DeploymentFailedData,
  DeploymentStartedData,
  DomainConfiguredData,
  EventDataByType,
  EventEnvelope,
  EventOf,
  EventType,
  OpenEnum,
  PingData,
  PingEvent,
  ServiceDeployedData,
  SiteCreatedData,
  SiteDeletedData,
  SiteStatus,
  SiteStatusChangedData,
  SslIssuedData,
  UnknownEvent,
  WebhookEvent,
} from './events/types.js';
export type { ReplayClaim, ReplayStore, ReplayTimes } from './replay/store.js';
export type { ReplayOptions } from './replay/guard.js';
export { createMemoryReplayStore } from './replay/memory.js';
export type { MemoryReplayStoreOptions } from './replay/memory.js';
export type { HandlerContext } from './receiver/context.js';
export type { HeadersLike } from './verify/headers.js';
export { createReceiver } from './receiver/receiver.js';
export type {
  AnyReceivedEvent,
  AnyReceiver,
  DispatchOptions,
  ErrorHandler,
  EventSchemas,
  HandleContext,
  HandledInfo,
  HandledType,
  Handler,
  NoSchemas,
  ReceivedEvent,
  ReceiveInput,
  Receiver,
  ReceiverLogger,
  ReceiveResult,
  ReceiverOptions,
  RejectedInfo,
} from './receiver/types.js';
export type { Secret, SecretResult, SecretSource } from './signing/secrets.js';
export { signatureMatches, signPayload } from './signing/signature.js';
export type {
  SchemaOutput,
  StandardIssue,
  StandardResult,
  StandardSchemaV1,
} from './receiver/standard-schema.js';
export { verifyWebhook } from './verify/verify.js';
export type { RawRequest, VerifyOptions } from './verify/verify.js';
