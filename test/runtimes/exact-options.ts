// Compiles against the packed package with exactOptionalPropertyTypes, if each optional option accepts `undefined`.
import type {
  EventOf,
  HandleContext,
  ReceiveInput,
  ReceiverOptions,
  ReplayOptions,
  VerifyOptions,
} from '@hostwares/webhooks';
import { createMemoryReplayStore, createReceiver } from '@hostwares/webhooks';
import type { BullMQWorkerOptions } from '@hostwares/webhooks/bullmq';
import type { MiddlewareOptions as ExpressOptions } from '@hostwares/webhooks/express';
import type { MiddlewareOptions as NextOptions, NextHandlerOptions } from '@hostwares/webhooks/next';
import type { PgBossHandoffOptions, PgBossWorkerOptions } from '@hostwares/webhooks/pg-boss';
import { createPgBossHandoff } from '@hostwares/webhooks/pg-boss';
import type { PostgresReplayStoreOptions } from '@hostwares/webhooks/replay/postgres';
import type { RedisReplayStoreOptions } from '@hostwares/webhooks/replay/redis';
import type {
  AttemptResult,
  AttemptTimings,
  EndpointInput,
  ListOptions,
  Sender,
  SenderApiOptions,
  SenderOptions,
} from '@hostwares/webhooks/sender';
import type { EndpointDisabledMailerOptions } from '@hostwares/webhooks/sender/email';
import type { SqliteStoreOptions } from '@hostwares/webhooks/sender/sqlite';
import type {
  SampleOverrides,
  SendTestEventOptions,
  SignedRequestOptions,
} from '@hostwares/webhooks/testing';

type OptionalNames<Options> = {
  [Name in keyof Options]-?: object extends Pick<Options, Name> ? Name : never;
}[keyof Options];
/** Names of the optional options that do not accept `undefined`. */
type Rejecting<Options> = {
  [Name in OptionalNames<Options>]: Record<Name, undefined> extends Pick<Options, Name> ? never : Name;
}[OptionalNames<Options>];
declare function accepts<Options>(
  ...rejecting: [Rejecting<Options>] extends [never] ? [] : [Rejecting<Options>]
): void;

accepts<ReceiverOptions>();
accepts<VerifyOptions>();
accepts<ReplayOptions>();
accepts<ReceiveInput>();
accepts<HandleContext>();
accepts<NonNullable<Parameters<typeof createMemoryReplayStore>[0]>>();
accepts<BullMQWorkerOptions>();
accepts<PgBossHandoffOptions>();
accepts<PgBossWorkerOptions>();
accepts<PostgresReplayStoreOptions>();
accepts<RedisReplayStoreOptions>();
accepts<ExpressOptions>();
accepts<NextOptions>();
accepts<NextHandlerOptions>();
accepts<SenderOptions>();
accepts<NonNullable<SenderOptions['retention']>>();
accepts<SenderApiOptions>();
accepts<EndpointInput>();
accepts<ListOptions>();
accepts<NonNullable<Parameters<Sender['listEndpoints']>[0]>>();
accepts<NonNullable<Parameters<Sender['listDeliveries']>[0]>>();
accepts<Parameters<Sender['updateEndpoint']>[1]>();
accepts<NonNullable<Parameters<Sender['enableEndpoint']>[1]>>();
accepts<NonNullable<Parameters<Sender['rotateSecret']>[1]>>();
accepts<NonNullable<Parameters<Sender['stop']>[0]>>();
accepts<AttemptResult>();
accepts<AttemptTimings>();
accepts<EndpointDisabledMailerOptions>();
accepts<SqliteStoreOptions>();
accepts<SignedRequestOptions>();
accepts<SendTestEventOptions>();
accepts<SampleOverrides<EventOf<'credits.low'>['data']>>();
accepts<NonNullable<SampleOverrides<EventOf<'credits.low'>['data']>['data']>>();

// Proves that the check detects an option that does not accept `undefined`.
// @ts-expect-error -- `strict` does not accept undefined.
accepts<{ strict?: number; loose?: number | undefined }>();

declare const replay: ReplayOptions | undefined;
declare const onRejected: ((error: Error) => void) | undefined;
declare const boss: Parameters<typeof createPgBossHandoff>[0];
createReceiver({ secret: 'whsec_exact_options', replay, onRejected, handlerTimeoutMs: undefined });
createPgBossHandoff(boss, { queue: 'q', deadLetter: undefined });
