import type {
  AlertTriggeredData,
  CreditsLowData,
  DatabaseCreatedData,
  DomainConfiguredData,
  PingData,
  ServiceDeployedData,
  SiteCreatedData,
  SiteDeletedData,
  SiteStatusChangedData,
  SslIssuedData,
  WebhookEvent,
} from '../../events/types.js';
import { describeCompletion, describeFailure, describeStart } from './deployments.js';
import {
  domainField,
  field,
  fixedField,
  maxName,
  nameOf,
  present,
  repositoryField,
  siteField,
  siteOf,
  statusField,
} from './fields.js';
import { formatConstant, formatDate, formatShare } from './format.js';
import { siteAddress } from './links.js';
import { formatAmount, formatMetric, unitOf } from './metric.js';
import type { Notice, Tone } from './notice.js';
import { cleanLine, truncate } from './text.js';

const maxUnit = 20;
const maxUnknownFields = 10;

/** Returns whether a site crashed. A running site did not, whatever its reason says. */
export function isCrash({ status, reason }: SiteStatusChangedData): boolean {
  return status === 'CRASHED' || (reason === 'crash' && status !== 'RUNNING');
}

const statusPhrases: ReadonlyMap<unknown, readonly [Tone, string]> = new Map([
  ['RUNNING', ['success', 'is running']],
  ['STOPPED', ['warning', 'stopped']],
  ['FAILED', ['failure', 'failed']],
  ['DEPLOYING', ['info', 'is deploying']],
]);

/** Reasons that the title expresses already, by status. */
const reasonsInTitle: ReadonlyMap<unknown, unknown> = new Map([
  ['RUNNING', 'start'],
  ['STOPPED', 'stop'],
]);

function describeStatus(data: SiteStatusChangedData): Notice {
  const crashed = isCrash(data);
  const status = formatConstant(data.status) ?? 'unknown';
  const [tone, phrase] = crashed
    ? (['failure', 'crashed'] as const)
    : (statusPhrases.get(data.status) ?? (['info', `is now ${status.toLowerCase()}`] as const));
  const reasonInTitle = crashed ? 'crash' : reasonsInTitle.get(data.status);
  return {
    tone,
    title: `${siteOf(data)} ${truncate(phrase, maxName)}`,
    url: siteAddress(data.domain),
    fields: present(
      crashed ? statusField(data.status, 'CRASHED') : undefined,
      field('Previous status', formatConstant(data.previous_status)),
      data.reason === reasonInTitle ? undefined : field('Reason', formatConstant(data.reason)),
      domainField(data.domain, data.site_name),
    ),
  };
}

function describeCreation(data: SiteCreatedData): Notice {
  return {
    tone: 'info',
    title: `Site ${siteOf(data)} was created`,
    url: siteAddress(data.domain),
    fields: present(
      field('Status', formatConstant(data.status)),
      field('Type', data.type),
      field('Created in', createdIn(data.created_via)),
      field('Branch', data.branch),
      domainField(data.domain, data.site_name),
      repositoryField(data.repository),
    ),
  };
}

function createdIn(via: unknown): unknown {
  return via === 'api' ? 'API' : via === 'dashboard' ? 'Dashboard' : via;
}

/** Returns the unit of an amount if the event has one. The contract has no such field, but unknown fields pass through. */
function namedUnit(data: object, name: 'currency' | 'unit'): string | undefined {
  const unit = cleanLine((data as Readonly<Record<string, unknown>>)[name]);
  return unit && (unit === '%' ? unit : ` ${truncate(unit, maxUnit)}`);
}

function describeCredits(data: CreditsLowData): Notice {
  const balance = formatShare(data.balance, data.limit);
  const percent = cleanLine(data.percent_remaining);
  return {
    tone: 'warning',
    title: 'Credits are running low',
    text: 'Less than 10% of the credits remain. Top up to keep sites running.',
    fields: present(
      field('Balance', balance && balance + (namedUnit(data, 'currency') ?? ' credits')),
      field('Remaining', percent && `${percent}%`),
    ),
  };
}

/** Tones by the names of severities that monitoring systems use. */
const severityTones: ReadonlyMap<unknown, Tone> = new Map([
  ['critical', 'failure'],
  ['fatal', 'failure'],
  ['emergency', 'failure'],
  ['error', 'failure'],
  ['high', 'failure'],
  ['warning', 'warning'],
  ['warn', 'warning'],
  ['medium', 'warning'],
  ['info', 'info'],
  ['notice', 'info'],
  ['low', 'info'],
]);

function describeAlert(data: AlertTriggeredData): Notice {
  const severity = cleanLine(data.severity)?.toLowerCase() ?? '';
  const unit = namedUnit(data, 'unit') ?? unitOf(data.metric);
  return {
    // An alert of unknown severity counts as a warning.
    tone: severityTones.get(severity) ?? 'warning',
    title: `Alert: ${nameOf(data.alert_name, data.alert_id, 'a threshold was exceeded')}`,
    fields: present(
      field('Metric', formatMetric(data.metric)),
      field('Value', formatAmount(data.value, unit)),
      field('Threshold', formatAmount(data.threshold, unit)),
      siteField(data),
      field('Severity', formatConstant(severity)),
    ),
  };
}

function describeUnknown(type: unknown, data: unknown): Notice {
  const entries = typeof data === 'object' && data !== null ? Object.entries(data) : [];
  return {
    tone: 'info',
    title: truncate(cleanLine(type) ?? 'An event', maxName),
    text: 'An event of a type that this version does not know.',
    fields: present(
      ...entries.slice(0, maxUnknownFields).map(([name, value]) => {
        return field(truncate(cleanLine(name) ?? '?', maxName), value);
      }),
    ),
  };
}

function describeDeletion(data: SiteDeletedData): Notice {
  return {
    tone: 'warning',
    title: `Site ${siteOf(data)} was deleted`,
    fields: present(field('Deleted in', createdIn(data.deleted_via))),
  };
}

function describeDomain(data: DomainConfiguredData): Notice {
  return {
    tone: 'success',
    title: `${nameOf(data.domain, undefined, 'A domain')} is configured`,
    text: 'Its DNS records have propagated.',
    url: siteAddress(data.domain),
    fields: present(siteField(data, data.domain)),
  };
}

function describeCertificate(data: SslIssuedData): Notice {
  return {
    tone: 'success',
    title: `Certificate issued for ${nameOf(data.domain, undefined, 'a domain')}`,
    url: siteAddress(data.domain),
    fields: present(
      siteField(data, data.domain),
      field('Issuer', data.issuer),
      field('Valid until', formatDate(data.expires_at)),
    ),
  };
}

function describeDatabase(data: DatabaseCreatedData): Notice {
  return {
    tone: 'success',
    title: `Database ${nameOf(data.database_name, data.database_id, '(unnamed)')} was created`,
    fields: present(field('Type', data.type), field('Status', formatConstant(data.status))),
  };
}

function describeService(data: ServiceDeployedData): Notice {
  return {
    tone: 'success',
    title: `Service ${nameOf(data.service_name, data.service_id, '(unnamed)')} is running`,
    url: siteAddress(data.domain),
    fields: present(
      field('Template', data.template),
      statusField(data.status, 'RUNNING'),
      domainField(data.domain, data.service_name),
    ),
  };
}

function describePing(data: PingData): Notice {
  return {
    tone: 'info',
    title: 'Webhook connected',
    text: 'Hostwares can reach this endpoint. Its events will arrive here.',
    fields: present(
      field('Endpoint', data.webhook_id),
      field(
        'Events',
        Array.isArray(data.events) ? data.events.map(cleanLine).filter(Boolean).join(', ') : undefined,
        { wide: true },
      ),
    ),
  };
}

/**
 * Describes an event in words. The receiver does not check the values of `data`, so each may be anything: a field without a usable
 * value is left out, or is `N/A` if the contract requires it. No field repeats the title.
 */
export function describeEvent(event: WebhookEvent): Notice {
  switch (event.event) {
    case 'deployment.started':
      return describeStart(event.data);
    case 'deployment.completed':
      return describeCompletion(event.data);
    case 'deployment.failed':
      return describeFailure(event.data);
    case 'site.status_changed':
      return describeStatus(event.data);
    case 'site.created':
      return describeCreation(event.data);
    case 'site.deleted':
      return describeDeletion(event.data);
    case 'domain.configured':
      return describeDomain(event.data);
    case 'ssl.issued':
      return describeCertificate(event.data);
    case 'database.created':
      return describeDatabase(event.data);
    case 'service.deployed':
      return describeService(event.data);
    case 'credits.low':
      return describeCredits(event.data);
    case 'alert.triggered':
      return describeAlert(event.data);
    case 'ping':
      return describePing(event.data);
    case 'unknown':
      return describeUnknown(event.type, event.data);
  }
}

/**
 * Describes an event with the fields that the contract publishes for Discord (section 5): a finished deployment
 * has the field Site, although the title names the site.
 */
export function describeWithPublishedFields(event: WebhookEvent): Notice {
  const notice = describeEvent(event);
  if (event.event !== 'deployment.completed' && event.event !== 'deployment.failed') return notice;
  const { site_name, site_id } = event.data;
  return { ...notice, fields: [fixedField('Site', cleanLine(site_name) ?? site_id), ...notice.fields] };
}
