import type {
  AlertTriggeredData,
  CreditsLowData,
  DeploymentFailedData,
  SiteCreatedData,
  SiteStatusChangedData,
  WebhookEvent,
} from '../../events/types.js';
import { formatCommit, formatConstant, formatDate, formatDuration, formatShare } from './format.js';
import { repositoryAddress, siteAddress, webAddress } from './links.js';
import { formatAmount, formatMetric, unitOf } from './metric.js';
import type { Notice, NoticeField, Tone } from './notice.js';
import { cleanLine, cleanText, truncate } from './text.js';

// Enough to recognise a thing, so that no value can push the others out of sight.
const maxName = 80;
const maxValue = 200;
const maxError = 1_500;
const maxUnit = 20;
const maxUnknownFields = 10;

/** The name of a thing, or its id, or words for a thing that has neither. */
function nameOf(name: unknown, id: unknown, otherwise: string): string {
  return truncate(cleanLine(name) ?? cleanLine(id) ?? otherwise, maxName);
}

/** A site by its name, or its id. */
function siteOf(data: { site_name?: unknown; site_id?: unknown }): string {
  return nameOf(data.site_name, data.site_id, 'A site');
}

/** A field, or nothing if there is no value. */
function field(
  name: string,
  value: unknown,
  more: Pick<NoticeField, 'url' | 'wide'> = {},
): NoticeField | undefined {
  const text = cleanLine(value);
  return text === undefined ? undefined : { name, value: truncate(text, maxValue), ...more };
}

/** A field that is always there: `N/A` if it has no value (contract section 5). */
function fixedField(name: string, value: unknown, more?: Pick<NoticeField, 'wide'>): NoticeField {
  return field(name, value, more) ?? { name, value: 'N/A' };
}

function present(...fields: (NoticeField | undefined)[]): NoticeField[] {
  return fields.filter((each) => each !== undefined);
}

/** A domain, unless the title names the same. */
const domainField = (domain: unknown, inTitle?: unknown): NoticeField | undefined =>
  cleanLine(domain) === cleanLine(inTitle)
    ? undefined
    : field('Domain', domain, { url: siteAddress(domain) });

/** A status, unless the title says the same. */
const statusField = (status: unknown, inTitle: string): NoticeField | undefined =>
  status === inTitle ? undefined : field('Status', formatConstant(status));

/** A site, unless the title names the same. */
function siteField(
  { site_name, site_id }: { site_name?: unknown; site_id?: unknown },
  inTitle?: unknown,
): NoticeField | undefined {
  const site = cleanLine(site_name) ?? cleanLine(site_id);
  return site === cleanLine(inTitle) ? undefined : field('Site', site);
}

const commitField = (data: { commit_sha?: unknown; commit_message?: unknown }): NoticeField =>
  fixedField('Commit', formatCommit(data.commit_sha, data.commit_message), { wide: true });

function repositoryField(repository: unknown): NoticeField | undefined {
  const address = repositoryAddress(repository);
  const text = address?.replace(/^https?:\/\//, '').replace(/\/$/, '');
  return field('Repository', text, { url: webAddress(address), wide: true });
}

const stageSentences: ReadonlyMap<unknown, string> = new Map([
  ['build', 'The build failed.'],
  ['start', 'The build went well, but the container did not start.'],
]);

function describeFailure(data: DeploymentFailedData): Notice {
  const stage = cleanLine(data.stage);
  const sentence = stageSentences.get(stage);
  return {
    tone: 'failure',
    title: `Deployment of ${siteOf(data)} failed`,
    text: sentence ?? 'The build or the start went wrong.',
    error: errorOf(data.error),
    url: siteAddress(data.domain),
    fields: present(
      statusField(data.status, 'FAILED'),
      fixedField('Duration', formatDuration(data.duration_seconds)),
      sentence === undefined ? field('Stage', formatConstant(stage)) : undefined,
      domainField(data.domain, data.site_name),
      commitField(data),
    ),
  };
}

function errorOf(error: unknown): string | undefined {
  const text = cleanText(error);
  return text && truncate(text, maxError);
}

/** Whether a site went down by itself. A site that is running again did not, whatever the reason given. */
export function isCrash({ status, reason }: SiteStatusChangedData): boolean {
  return status === 'CRASHED' || (reason === 'crash' && status !== 'RUNNING');
}

const statusPhrases: ReadonlyMap<unknown, readonly [Tone, string]> = new Map([
  ['RUNNING', ['success', 'is running']],
  ['STOPPED', ['warning', 'stopped']],
  ['FAILED', ['failure', 'failed']],
  ['DEPLOYING', ['info', 'is deploying']],
]);

/** Reasons that the title says already, by status. */
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

/** The unit of an amount, if the platform names one: fields that are not in the contract pass through. */
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

/** What severities mean, in the words that monitoring systems use. */
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
    // An alert of unknown severity is worth a warning.
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

/**
 * Describes an event in words. The receiver does not check the values of `data`, so each may be anything: a
 * field without a usable value is left out, or is `N/A` if the contract says so. No field repeats the title.
 */
export function describeEvent(event: WebhookEvent): Notice {
  switch (event.event) {
    case 'deployment.started':
      return {
        tone: 'info',
        title: `Deploying ${siteOf(event.data)}`,
        text: 'A build has begun.',
        url: siteAddress(event.data.domain),
        fields: present(
          statusField(event.data.status, 'DEPLOYING'),
          field('Branch', event.data.branch),
          domainField(event.data.domain, event.data.site_name),
          commitField(event.data),
        ),
      };
    case 'deployment.completed':
      return {
        tone: 'success',
        title: `${siteOf(event.data)} is live`,
        text: 'The deployment is complete and the container is running.',
        url: siteAddress(event.data.domain),
        fields: present(
          statusField(event.data.status, 'RUNNING'),
          fixedField('Duration', formatDuration(event.data.duration_seconds)),
          domainField(event.data.domain, event.data.site_name),
          commitField(event.data),
        ),
      };
    case 'deployment.failed':
      return describeFailure(event.data);
    case 'site.status_changed':
      return describeStatus(event.data);
    case 'site.created':
      return describeCreation(event.data);
    case 'site.deleted':
      return {
        tone: 'warning',
        title: `Site ${siteOf(event.data)} was deleted`,
        fields: present(field('Deleted in', createdIn(event.data.deleted_via))),
      };
    case 'domain.configured':
      return {
        tone: 'success',
        title: `${nameOf(event.data.domain, undefined, 'A domain')} is configured`,
        text: 'Its DNS records have propagated.',
        url: siteAddress(event.data.domain),
        fields: present(siteField(event.data, event.data.domain)),
      };
    case 'ssl.issued':
      return {
        tone: 'success',
        title: `Certificate issued for ${nameOf(event.data.domain, undefined, 'a domain')}`,
        url: siteAddress(event.data.domain),
        fields: present(
          siteField(event.data, event.data.domain),
          field('Issuer', event.data.issuer),
          field('Valid until', formatDate(event.data.expires_at)),
        ),
      };
    case 'database.created':
      return {
        tone: 'success',
        title: `Database ${nameOf(event.data.database_name, event.data.database_id, '(unnamed)')} was created`,
        fields: present(field('Type', event.data.type), field('Status', formatConstant(event.data.status))),
      };
    case 'service.deployed':
      return {
        tone: 'success',
        title: `Service ${nameOf(event.data.service_name, event.data.service_id, '(unnamed)')} is running`,
        url: siteAddress(event.data.domain),
        fields: present(
          field('Template', event.data.template),
          statusField(event.data.status, 'RUNNING'),
          domainField(event.data.domain, event.data.service_name),
        ),
      };
    case 'credits.low':
      return describeCredits(event.data);
    case 'alert.triggered':
      return describeAlert(event.data);
    case 'ping':
      return {
        tone: 'info',
        title: 'Webhook connected',
        text: 'Hostwares can reach this endpoint. Its events will arrive here.',
        fields: present(
          field('Endpoint', event.data.webhook_id),
          field(
            'Events',
            Array.isArray(event.data.events)
              ? event.data.events.map(cleanLine).filter(Boolean).join(', ')
              : undefined,
            { wide: true },
          ),
        ),
      };
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
