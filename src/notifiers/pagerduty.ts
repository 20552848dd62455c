import type { EventType, WebhookEvent } from '../events/types.js';
import { describeEvent, isCrash } from './message/describe.js';
import { linkList, siteAddress, webAddress } from './message/links.js';
import { composeNotice, type MessageOptions } from './message/compose.js';
import type { Notice, Tone } from './message/notice.js';
import { createNotifier, type Notifier, type NotifierOptions } from './delivery/notifier.js';
import type { NotifierSecret } from './delivery/provider.js';
import { cleanLine, cleanText, truncate } from './message/text.js';
import { timeOf } from './message/format.js';
import {
  checkWebhookUrl,
  sensitivePartsOf,
  toPublicUrl,
  type WebhookUrlForm,
} from './delivery/webhook-url.js';

/** Options of {@link toPagerDutyEvent}. */
export interface PagerDutyEventOptions extends MessageOptions {
  /** The integration key of an Events API v2 integration: 32 letters and digits. It is a secret. */
  routingKey: string;
  /**
   * Further types that trigger an incident, with the severity of their tone (`credits.low` is a warning, most others are info).
   * @default []
   */
  alsoTrigger?: readonly (EventType | 'ping' | 'unknown')[] | undefined;
}

/** Options of {@link createPagerDutyNotifier}. */
export interface PagerDutyNotifierOptions
  extends NotifierOptions, Pick<PagerDutyEventOptions, 'alsoTrigger'> {
  /** The integration key of an Events API v2 integration: 32 letters and digits. It is a secret. */
  routingKey: NotifierSecret;
  /**
   * The URL to post to. For accounts in Europe: `https://events.eu.pagerduty.com/v2/enqueue`.
   * @default 'https://events.pagerduty.com/v2/enqueue'
   */
  url?: string | undefined;
}

/** In PagerDuty's order: the first is the most severe. */
export type PagerDutySeverity = 'critical' | 'error' | 'warning' | 'info';

/** Opens an incident, or adds to the open one with the same key. */
export interface PagerDutyTrigger {
  routing_key: string;
  event_action: 'trigger';
  dedup_key: string;
  payload: {
    summary: string;
    source: string;
    severity: PagerDutySeverity;
    timestamp?: string;
    component?: string;
    group?: string;
    class: string;
    custom_details: Record<string, string>;
  };
  links: { href: string; text: string }[];
  client: 'Hostwares';
}

/** Closes the open incident with the same key. */
export interface PagerDutyResolve {
  routing_key: string;
  event_action: 'resolve';
  dedup_key: string;
}

/** A body for PagerDuty's Events API v2. */
export type PagerDutyEvent = PagerDutyTrigger | PagerDutyResolve;

// https://developer.pagerduty.com/docs/events-api-v2-overview
const maxSummary = 1_024;
const maxDedupKey = 255;
const maxDetail = 2_000;
const maxDetails = 50;
const maxLinks = 20;

const form: WebhookUrlForm = {
  provider: 'PagerDuty',
  hosts: ['events.pagerduty.com', 'events.eu.pagerduty.com'],
  path: /^\/v2\/enqueue$/,
  publicSegment: /^(?:v2|enqueue)$/,
  example: 'https://events.pagerduty.com/v2/enqueue',
};

interface Resolution {
  readonly action: 'resolve';
  readonly kind: 'deployment' | 'crash' | 'alert' | 'notice';
}

interface Trigger extends Pick<Resolution, 'kind'> {
  readonly action: 'trigger';
  readonly severity: PagerDutySeverity;
}

/** The effect of an event on an incident. A site has one open incident of each kind at most. */
type Incident = Trigger | Resolution;

const severities: Readonly<Record<Tone, PagerDutySeverity>> = {
  failure: 'error',
  warning: 'warning',
  success: 'info',
  info: 'info',
};

function incidentOf(event: WebhookEvent, tone: Tone): Incident | undefined {
  switch (event.event) {
    case 'deployment.failed':
      return { action: 'trigger', kind: 'deployment', severity: 'error' };
    case 'deployment.completed':
      return { action: 'resolve', kind: 'deployment' };
    case 'site.status_changed':
      if (isCrash(event.data)) return { action: 'trigger', kind: 'crash', severity: 'critical' };
      return event.data.status === 'RUNNING' ? { action: 'resolve', kind: 'crash' } : undefined;
    case 'alert.triggered': {
      const severity = cleanLine(event.data.severity)?.toLowerCase();
      const critical = severity === 'critical' || severity === 'fatal' || severity === 'emergency';
      return { action: 'trigger', kind: 'alert', severity: critical ? 'critical' : severities[tone] };
    }
    default:
      return undefined;
  }
}

/** The fields of an event's data that identify its subject. */
type Ids = Partial<
  Record<'site_id' | 'site_name' | 'alert_id' | 'alert_name' | 'metric' | 'domain', unknown>
>;

function idsOf(event: WebhookEvent): Ids {
  return typeof event.data === 'object' && event.data !== null ? event.data : {};
}

/**
 * Returns the key of an incident. It is the same for every attempt of an event and for all events about one subject, so that PagerDuty
 * combines them. The event's own id replaces that of a subject without one.
 */
function dedupKeyOf(event: WebhookEvent, kind: Incident['kind']): string {
  const { site_id, alert_id, alert_name, metric } = idsOf(event);
  const subjects = {
    deployment: [site_id],
    crash: [site_id],
    alert: [cleanLine(alert_id) ?? cleanLine(alert_name) ?? metric, site_id],
    notice: [event.event, event.id],
  }[kind];
  const ids = subjects.map(cleanLine).filter((id) => id !== undefined);
  const key = ['hostwares', event.account_id, kind, ...(ids.length > 0 ? ids : [event.id])].map(cleanLine);
  return truncate(key.join(':'), maxDedupKey);
}

function linksOf(event: WebhookEvent, notice: Notice): { href: string; text: string }[] {
  const addresses = [
    ...linkList(notice.links, webAddress),
    { address: webAddress(notice.url ?? siteAddress(idsOf(event).domain)), text: 'Open the site' },
    ...notice.fields.map(({ name, url }) => ({ address: webAddress(url), text: name })),
  ];
  const links = new Map<string, string>();
  for (const { address, text } of addresses) {
    if (address !== undefined && !links.has(address))
      links.set(address, truncate(cleanLine(text) ?? address, 200));
  }
  return [...links].slice(0, maxLinks).map(([href, text]) => ({ href, text }));
}

/** Returns a name that no detail has yet, since a format may return two fields of the same name. */
function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name} (${number})`)) number += 1;
  return `${name} (${number})`;
}

function detailsOf(event: WebhookEvent, notice: Notice): Record<string, string> {
  const entries: [string, unknown][] = [
    ['Error', notice.error],
    ['What happened', notice.text],
    ...notice.fields.slice(0, maxDetails).map(({ name, value }): [string, unknown] => [name, value]),
    ['Event', event.id],
  ];
  const details = new Map<string, string>();
  for (const [name, value] of entries) {
    const text = cleanText(value);
    if (text !== undefined)
      details.set(freeName(truncate(cleanLine(name) ?? 'Value', 200), details), truncate(text, maxDetail));
  }
  // fromEntries defines properties, so a field may be named __proto__.
  return Object.fromEntries(details);
}

function trigger(
  event: WebhookEvent,
  notice: Notice,
  { kind, severity }: Trigger,
  routingKey: string,
): PagerDutyTrigger {
  const { site_name, domain, site_id } = idsOf(event);
  const site = cleanLine(site_name);
  const source = cleanLine(domain) ?? site ?? cleanLine(site_id) ?? 'Hostwares';
  // PagerDuty shows source and component on one line.
  const component = site === source ? undefined : site;
  const group = cleanLine(event.account_id);
  const time = timeOf(event.timestamp);
  const firstLine = cleanText(notice.error)?.split('\n', 1)[0];
  const summary = [cleanLine(notice.title) ?? 'Hostwares', firstLine].filter(Boolean).join(': ');
  return {
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: dedupKeyOf(event, kind),
    payload: {
      summary: truncate(summary, maxSummary),
      source: truncate(source, 255),
      severity,
      ...(time !== undefined && { timestamp: new Date(time).toISOString() }),
      ...(component !== undefined && { component: truncate(component, 255) }),
      ...(group !== undefined && { group: truncate(group, 255) }),
      class: event.event === 'unknown' ? truncate(cleanLine(event.type) ?? 'unknown', 255) : event.event,
      custom_details: detailsOf(event, notice),
    },
    links: linksOf(event, notice),
    client: 'Hostwares',
  };
}

/**
 * Returns the Events API v2 body for an event, for posting it yourself, or undefined for an event that is no incident and not in
 * `alsoTrigger`. The function is pure.
 *
 * A failed deployment, a crash and an alert trigger an incident; a completed deployment and a site that runs again resolve it.
 * `dedup_key` combines account, kind and site (or alert), so retries and duplicates belong to one incident. The platform sends no event
 * for the end of an alert: resolve those in PagerDuty.
 *
 * @example
 * const body = toPagerDutyEvent(event, { routingKey });
 * if (body) await post('https://events.pagerduty.com/v2/enqueue', body);
 */
export function toPagerDutyEvent(
  event: WebhookEvent,
  options: PagerDutyEventOptions,
): PagerDutyEvent | undefined {
  const notice = composeNotice(event, describeEvent(event), options);
  const requested = options.alsoTrigger?.includes(event.event)
    ? ({ action: 'trigger', kind: 'notice', severity: severities[notice.tone] } as const)
    : undefined;
  const incident = incidentOf(event, notice.tone) ?? requested;
  if (!incident) return undefined;
  if (incident.action === 'trigger') return trigger(event, notice, incident, options.routingKey);
  const dedup_key = dedupKeyOf(event, incident.kind);
  return { routing_key: options.routingKey, event_action: incident.action, dedup_key };
}

function checkRoutingKey(value: unknown): string {
  if (typeof value === 'string' && /^[0-9a-z]{32}$/i.test(value)) return value;
  throw new TypeError(
    'The PagerDuty routing key is missing or malformed. Expected the 32 letters and digits of an Events API v2 integration; is its environment variable set?',
  );
}

/**
 * Creates a handler that opens and resolves PagerDuty incidents (contract section 5). {@link toPagerDutyEvent} lists the effect of each
 * type. Register it for all events: those that are no incident are not sent.
 *
 * @throws `TypeError` at set-up for an invalid key, URL or option. The handler throws `WebhookError` with the code `notifier_failed` if the
 * event was not sent, `misconfigured` if `routingKey` is a function without a usable value.
 *
 * @example
 * receiver.onAny(createPagerDutyNotifier({ routingKey: process.env.PAGERDUTY_ROUTING_KEY! }));
 */
export function createPagerDutyNotifier(options: PagerDutyNotifierOptions): Notifier {
  const { routingKey, url = form.example, alsoTrigger, format, links, allowAnyHost = false } = options;
  const address = checkWebhookUrl(url, form, allowAnyHost);
  return createNotifier(
    {
      name: form.provider,
      toPublicUrl: () => toPublicUrl(address),
      secret: routingKey,
      check: checkRoutingKey,
      prepare(event) {
        const body = toPagerDutyEvent(event, { routingKey: '', alsoTrigger, format, links });
        return body && ((secret) => ({ url: address, body: { ...body, routing_key: secret } }));
      },
      sensitiveParts: (secret) => [secret, ...sensitivePartsOf(address, form)],
    },
    options,
  );
}
