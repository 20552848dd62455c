/**
 * The events of the Hostwares contract (section 2). Each field says whether the platform publishes
 * it («Published») or whether it is this library's reading of it («Our reading»): a field of the
 * second kind is typed so that code stays right when the platform leaves it out, and only the
 * fields that identify the thing are required.
 *
 * Enumerations are open: a value that is not listed is data, not an error. Fields that are not
 * listed pass through untouched.
 */

/** A string that is known to take some values and may take others. Editors complete the known ones. */
export type OpenEnum<Known extends string> = Known | (string & Record<never, never>);

/** Site status. Known values are the ones the platform has shown; others are legal. */
export type SiteStatus = OpenEnum<'RUNNING' | 'DEPLOYING' | 'STOPPED' | 'FAILED' | 'CRASHED'>;

/** What every event has around its `data` (published). */
export interface EventEnvelope<Type extends string, Data> {
  /** Published. Opaque and stable: the same over all attempts of one event. Use it to deduplicate. */
  id: string;
  /** Published. The discriminant: `switch (event.event)` narrows `data`. */
  event: Type;
  /** Published. When it happened: ISO 8601, UTC, milliseconds. Signed, unlike the timestamp header. */
  timestamp: string;
  /** Published. The account the event belongs to. */
  account_id: string;
  /** Published. What happened, by type. */
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
  /** Our reading. Whole commit message; absent for image deployments. Text from outside. */
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
  /** Published. Missing or null for image deployments, which have no commit. Text from outside. */
  commit_message?: string | null;
  /** Published. Missing or null for image deployments, which have no commit. */
  commit_sha?: string | null;
  /** Published. Null for a site without a domain. */
  domain?: string | null;
}

/** `deployment.failed`: the build or the start went wrong. */
export interface DeploymentFailedData {
  /** Our reading. The site that was to be deployed. */
  site_id: string;
  /** Our reading. Its name as in the dashboard. */
  site_name: string;
  /** Our reading. */
  status: OpenEnum<'FAILED'>;
  /** Our reading. This deployment. */
  deployment_id: string;
  /** Our reading. Where it went wrong. */
  stage?: OpenEnum<'build' | 'start'> | null;
  /** Our reading. The error as text, possibly many lines. Text from outside. */
  error?: string | null;
  /** Our reading. Until the failure, in seconds. */
  duration_seconds?: number | null;
  /** Our reading. Absent for image deployments. Text from outside. */
  commit_message?: string | null;
  /** Our reading. Absent for image deployments. */
  commit_sha?: string | null;
  /** Our reading. The site's domain, if it has one. */
  domain?: string | null;
}

/** `site.status_changed`: a site was started, stopped, or crashed. */
export interface SiteStatusChangedData {
  /** Our reading. */
  site_id: string;
  /** Our reading. */
  site_name: string;
  /** Our reading. The status now. */
  status: SiteStatus;
  /** Our reading. The status before. */
  previous_status?: SiteStatus | null;
  /** Our reading. Why it changed. */
  reason?: OpenEnum<'start' | 'stop' | 'crash'> | null;
  /** Our reading. The site's domain, if it has one. */
  domain?: string | null;
}

/** `site.created`: a site was made in the dashboard or through the API. */
export interface SiteCreatedData {
  /** Our reading. */
  site_id: string;
  /** Our reading. */
  site_name: string;
  /** Our reading. */
  status?: SiteStatus | null;
  /** Our reading. What kind of site. */
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
  /** Our reading. The template it was made from. */
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

/** `alert.triggered`: a metric went over its threshold. */
export interface AlertTriggeredData {
  /** Our reading. */
  alert_id: string;
  /** Our reading. */
  alert_name: string;
  /** Our reading. What is measured. */
  metric?: string | null;
  /** Our reading. What was measured. */
  value?: number | null;
  /** Our reading. What it was measured against. */
  threshold?: number | null;
  /** Our reading. */
  site_id?: string | null;
  /** Our reading. */
  site_name?: string | null;
  /** Our reading. */
  severity?: string | null;
}

/** Body of the ping that the platform sends when an endpoint is saved. */
export interface PingData {
  /** Our reading. The endpoint that is pinged. */
  webhook_id: string;
  /** Our reading. What the endpoint is subscribed to. */
  events: readonly string[];
}

/** The twelve published types and the `data` each carries. */
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

/** Connectivity test: sent once when an endpoint is saved, never retried. */
export type PingEvent = EventEnvelope<'ping', PingData>;

/**
 * An event of a type this version does not know. It is genuine (its signature was checked), so it is
 * acknowledged and handed on, never dropped. The name on the wire is in `type`; `event` stays a fixed
 * `'unknown'`, because a discriminant of type `string` would break narrowing for all other members.
 */
export interface UnknownEvent extends EventEnvelope<'unknown', unknown> {
  /** The event's name on the wire. Text from outside: look it up in a `Map`, not in an object. */
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
 * Everything a verified request can be: the twelve types, `ping` and `unknown`. A `switch` over
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
