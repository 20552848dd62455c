/**
 * The events of the Hostwares contract (section 2). Each field says whether the platform documents it ("Published")
 * or this library infers it ("Our reading"). A field of the second kind is optional unless it identifies the
 * resource, so that code stays correct if the platform omits it.
 *
 * Enumerations are open: a value that is not listed is data, not an error. Fields that are not
 * listed are kept.
 */

/** A string with known values, which may have others. Editors complete the known ones. */
export type OpenEnum<Known extends string> = Known | (string & Record<never, never>);

/** Site status. The known values are those that the platform has sent; others are valid too. */
export type SiteStatus = OpenEnum<'RUNNING' | 'DEPLOYING' | 'STOPPED' | 'FAILED' | 'CRASHED'>;

/** The fields that surround the `data` of every event (published). */
export interface EventEnvelope<Type extends string, Data> {
  /** Published. Opaque, and the same for all attempts of one event. Use it to deduplicate. */
  id: string;
  /** Published. The discriminant: `switch (event.event)` narrows `data`. */
  event: Type;
  /** Published. The time of the event: ISO 8601, UTC, milliseconds. Signed, unlike the timestamp header. */
  timestamp: string;
  /** Published. The account the event belongs to. */
  account_id: string;
  /** Published. Details, depending on the type. */
  data: Data;
}

/** `deployment.started`: a build begins. */
export interface DeploymentStartedData {
  /** Our reading. The site that is deployed. */
  site_id: string;
  /** Our reading. Its name as in the dashboard. */
  site_name: string;
  /** Our reading. */
  status: OpenEnum<'DEPLOYING'>;
  /** Our reading. This deployment. */
  deployment_id: string;
  /** Our reading. The branch that is built. */
  branch?: string | null;
  /** Our reading. Whole commit message; absent for image deployments. Untrusted text. */
  commit_message?: string | null;
  /** Our reading. Full commit hash; absent for image deployments. */
  commit_sha?: string | null;
  /** Our reading. The site's domain, if it has one. */
  domain?: string | null;
}

/** `deployment.completed`: the container is running. */
export interface DeploymentCompletedData {
  /** Published. The site that was deployed. */
  site_id: string;
  /** Published. Its name as in the dashboard. */
  site_name: string;
  /** Published. */
  status: OpenEnum<'RUNNING'>;
  /** Published. This deployment. */
  deployment_id: string;
  /** Published. From the start of the build to the running container, in seconds. */
  duration_seconds: number;
  /** Published. Missing or null for image deployments, which have no commit. Untrusted text. */
  commit_message?: string | null;
  /** Published. Missing or null for image deployments, which have no commit. */
  commit_sha?: string | null;
  /** Published. Null for a site without a domain. */
  domain?: string | null;
}

/** `deployment.failed`: the build or the start failed. */
export interface DeploymentFailedData {
  /** Our reading. The site whose deployment failed. */
  site_id: string;
  /** Our reading. Its name as in the dashboard. */
  site_name: string;
  /** Our reading. */
  status: OpenEnum<'FAILED'>;
  /** Our reading. This deployment. */
  deployment_id: string;
  /** Our reading. The stage that failed. */
  stage?: OpenEnum<'build' | 'start'> | null;
  /** Our reading. The error as text, possibly many lines. Untrusted text. */
  error?: string | null;
  /** Our reading. From the start of the build to the failure, in seconds. */
  duration_seconds?: number | null;
  /** Our reading. Absent for image deployments. Untrusted text. */
  commit_message?: string | null;
  /** Our reading. Absent for image deployments. */
  commit_sha?: string | null;
  /** Our reading. The site's domain, if it has one. */
  domain?: string | null;
}

/** `site.status_changed`: a site started, stopped or crashed. */
export interface SiteStatusChangedData {
  /** Our reading. */
  site_id: string;
  /** Our reading. */
  site_name: string;
  /** Our reading. The new status. */
  status: SiteStatus;
  /** Our reading. The previous status. */
  previous_status?: SiteStatus | null;
  /** Our reading. The reason for the change. */
  reason?: OpenEnum<'start' | 'stop' | 'crash'> | null;
  /** Our reading. The site's domain, if it has one. */
  domain?: string | null;
}

/** `site.created`: a site was created in the dashboard or through the API. */
export interface SiteCreatedData {
  /** Our reading. */
  site_id: string;
  /** Our reading. */
  site_name: string;
  /** Our reading. */
  status?: SiteStatus | null;
  /** Our reading. The kind of site. */
  type?: string | null;
  /** Our reading. The repository it is built from. */
  repository?: string | null;
  /** Our reading. */
  branch?: string | null;
  /** Our reading. The site's domain, if it has one. */
  domain?: string | null;
  /** Our reading. */
  created_via?: OpenEnum<'dashboard' | 'api'> | null;
}

/** `site.deleted`: a site was deleted in the dashboard or through the API. */
export interface SiteDeletedData {
  /** Our reading. */
  site_id: string;
  /** Our reading. */
  site_name: string;
  /** Our reading. */
  deleted_via?: OpenEnum<'dashboard' | 'api'> | null;
}

/** `domain.configured`: a domain's DNS has propagated. */
export interface DomainConfiguredData {
  /** Our reading. The host name. */
  domain: string;
  /** Our reading. The site it points to. */
  site_id?: string | null;
  /** Our reading. */
  site_name?: string | null;
}

/** `ssl.issued`: Let's Encrypt issued a certificate. */
export interface SslIssuedData {
  /** Our reading. The host name the certificate is for. */
  domain: string;
  /** Our reading. */
  site_id?: string | null;
  /** Our reading. */
  site_name?: string | null;
  /** Our reading. The certificate authority's name. */
  issuer?: string | null;
  /** Our reading. Expiry of the certificate, ISO 8601. */
  expires_at?: string | null;
}

/** `database.created`: a database is ready. */
export interface DatabaseCreatedData {
  /** Our reading. */
  database_id: string;
  /** Our reading. */
  database_name: string;
  /** Our reading. The engine. */
  type?: OpenEnum<'postgresql'> | null;
  /** Our reading. */
  status?: string | null;
}

/** `service.deployed`: a service is running. */
export interface ServiceDeployedData {
  /** Our reading. */
  service_id: string;
  /** Our reading. */
  service_name: string;
  /** Our reading. The template it was created from. */
  template?: string | null;
  /** Our reading. */
  status?: string | null;
  /** Our reading. */
  domain?: string | null;
}

/** `credits.low`: less than 10% of the credits remain. */
export interface CreditsLowData {
  /** Our reading. Credits left. */
  balance: number;
  /** Our reading. Credits the account had when full. */
  limit?: number | null;
  /** Our reading. 0 to 100. */
  percent_remaining?: number | null;
}

/** `alert.triggered`: a metric exceeded its threshold. */
export interface AlertTriggeredData {
  /** Our reading. */
  alert_id: string;
  /** Our reading. */
  alert_name: string;
  /** Our reading. The metric. */
  metric?: string | null;
  /** Our reading. The measured value. */
  value?: number | null;
  /** Our reading. The threshold that was exceeded. */
  threshold?: number | null;
  /** Our reading. */
  site_id?: string | null;
  /** Our reading. */
  site_name?: string | null;
  /** Our reading. */
  severity?: string | null;
}

/** The data of the ping that the platform sends when an endpoint is saved. */
export interface PingData {
  /** Our reading. The endpoint that is pinged. */
  webhook_id: string;
  /** Our reading. The types that the endpoint is subscribed to. */
  events: readonly string[];
}

/** The twelve published types, with the `data` of each. */
export interface EventDataByType {
  'deployment.started': DeploymentStartedData;
  'deployment.completed': DeploymentCompletedData;
  'deployment.failed': DeploymentFailedData;
  'site.status_changed': SiteStatusChangedData;
  'site.created': SiteCreatedData;
  'site.deleted': SiteDeletedData;
  'domain.configured': DomainConfiguredData;
  'ssl.issued': SslIssuedData;
  'database.created': DatabaseCreatedData;
  'service.deployed': ServiceDeployedData;
  'credits.low': CreditsLowData;
  'alert.triggered': AlertTriggeredData;
}

/** One of the twelve published type names. */
export type EventType = keyof EventDataByType;

/** A connectivity test, which the platform sends once when an endpoint is saved and never retries. */
export type PingEvent = EventEnvelope<'ping', PingData>;

/**
 * An event of a type that this version does not know. Its signature was verified, so it is
 * passed to handlers and acknowledged, never dropped. `type` has the name on the wire; `event` is always
 * `'unknown'`, because a discriminant of type `string` would break narrowing for all other members.
 */
export interface UnknownEvent extends EventEnvelope<'unknown', unknown> {
  /** The event's name on the wire. It is untrusted text: look it up in a `Map`, not in an object. */
  type: string;
}

/** The event of a given type: `EventOf<'deployment.completed'>`, `EventOf<'ping'>`. */
export type EventOf<Type extends EventType | 'ping' | 'unknown'> = {
  [Each in Type]: Each extends EventType
    ? EventEnvelope<Each, EventDataByType[Each]>
    : Each extends 'ping'
      ? PingEvent
      : UnknownEvent;
}[Type];

/**
 * Every event that a verified request can contain: the twelve types, `ping` and `unknown`. A `switch` over
 * `event.event` narrows to one member, and a `never` check in its `default` compiles.
 *
 * @example
 * switch (event.event) {
 *   case 'deployment.completed':
 *     console.log(event.data.duration_seconds);
 *     break;
 *   case 'unknown':
 *     console.log('new type', event.type);
 *     break;
 * }
 */
export type WebhookEvent = EventOf<EventType | 'ping' | 'unknown'>;

/** The twelve published type names, in the contract's order (section 2). `ping` is not among them. */
export const eventTypes: readonly EventType[] = /* @__PURE__ */ Object.freeze([
  'deployment.started',
  'deployment.completed',
  'deployment.failed',
  'site.status_changed',
  'site.created',
  'site.deleted',
  'domain.configured',
  'ssl.issued',
  'database.created',
  'service.deployed',
  'credits.low',
  'alert.triggered',
] satisfies EventType[]);

/**
 * Tells whether a name is one of the twelve published types. `'ping'` and `'unknown'` are not.
 *
 * @example
 * isEventType('deployment.failed'); // true
 * isEventType('__proto__'); // false
 */
export function isEventType(name: unknown): name is EventType {
  return eventTypes.includes(name as EventType);
}
