import type {
  AlertTriggeredData,
  CreditsLowData,
  DeploymentFailedData,
  SiteCreatedData,
  SiteStatusChangedData,
  WebhookEvent,
} from '../events/types.js';
import { repositoryAddress, siteAddress, webAddress } from './links.js';
import type { Notice, NoticeField, Tone } from './notice.js';
import { cleanLine, cleanText, cut } from './text.js';
import { commitWords, dateWords, durationWords, shareWords, constantWords } from './words.js';

// Enough to recognise a thing by, so that no value can push the others out of sight.
const maxName = 80;
const maxValue = 200;
const maxError = 1_500;
const maxUnknownFields = 10;

/** The name of a thing, or its id, or words for a thing that has neither. */
function nameOf(name: unknown, id: unknown, otherwise: string): string {
  return cut(cleanLine(name) ?? cleanLine(id) ?? otherwise, maxName);
}

function siteOf(data: { site_name?: unknown; site_id?: unknown }): string {
  return nameOf(data.site_name, data.site_id, 'A site');
}

/** A field, or nothing where there is no value. */
function field(
  name: string,
  value: unknown,
  more: Pick<NoticeField, 'url' | 'wide'> = {},
): NoticeField | undefined {
  const text = cleanLine(value);
  return text === undefined ? undefined : { name, value: cut(text, maxValue), ...more };
}

/** A field that is always there: `N/A` where it has no value (contract section 5). */
function fixedField(name: string, value: unknown, more?: Pick<NoticeField, 'wide'>): NoticeField {
  return field(name, value, more) ?? { name, value: 'N/A' };
}

function present(...fields: (NoticeField | undefined)[]): NoticeField[] {
  return fields.filter((each) => each !== undefined);
}

const domainField = (domain: unknown): NoticeField | undefined =>
  field('Domain', domain, { url: siteAddress(domain) });

const siteField = (data: { site_name?: unknown; site_id?: unknown }): NoticeField | undefined =>
  field('Site', cleanLine(data.site_name) ?? data.site_id);

const commitField = (data: { commit_sha?: unknown; commit_message?: unknown }): NoticeField =>
  fixedField('Commit', commitWords(data.commit_sha, data.commit_message), { wide: true });

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
  return {
    tone: 'failure',
    title: `Deployment of ${siteOf(data)} failed`,
    text: stageSentences.get(stage) ?? 'The build or the start went wrong.',
    error: errorOf(data.error),
    url: siteAddress(data.domain),
    fields: present(
      siteField(data),
      field('Status', constantWords(data.status)),
      fixedField('Duration', durationWords(data.duration_seconds)),
      field('Stage', constantWords(stage)),
      domainField(data.domain),
      commitField(data),
    ),
  };
}

function errorOf(error: unknown): string | undefined {
  const text = cleanText(error);
  return text && cut(text, maxError);
}

/** Whether a site went down by itself. One that is running again is none, whatever the reason given. */
export function isCrash({ status, reason }: SiteStatusChangedData): boolean {
  return status === 'CRASHED' || (reason === 'crash' && status !== 'RUNNING');
}

const statusPhrases: ReadonlyMap<unknown, readonly [Tone, string]> = new Map([
  ['RUNNING', ['success', 'is running']],
  ['STOPPED', ['warning', 'stopped']],
  ['FAILED', ['failure', 'failed']],
  ['DEPLOYING', ['info', 'is deploying']],
]);

function describeStatus(data: SiteStatusChangedData): Notice {
  const site = siteOf(data);
  const status = constantWords(data.status) ?? 'unknown';
  const previous = constantWords(data.previous_status);
  const [tone, phrase] = isCrash(data)
    ? (['failure', 'crashed'] as const)
    : (statusPhrases.get(data.status) ?? (['info', `is now ${status.toLowerCase()}`] as const));
  return {
    tone,
    title: `${site} ${cut(phrase, maxName)}`,
    url: siteAddress(data.domain),
    fields: present(
      siteField(data),
      field('Status', previous ? `${previous} → ${status}` : status),
      field('Reason', constantWords(data.reason)),
      domainField(data.domain),
    ),
  };
}

function describeCreation(data: SiteCreatedData): Notice {
  return {
    tone: 'info',
    title: `Site ${siteOf(data)} was created`,
    url: siteAddress(data.domain),
    fields: present(
      siteField(data),
      field('Status', constantWords(data.status)),
      field('Type', data.type),
      field('Created in', createdIn(data.created_via)),
      field('Branch', data.branch),
      domainField(data.domain),
      repositoryField(data.repository),
    ),
  };
}

function createdIn(via: unknown): unknown {
  return via === 'api' ? 'API' : via === 'dashboard' ? 'Dashboard' : via;
}

function describeCredits(data: CreditsLowData): Notice {
  const percent = cleanLine(data.percent_remaining);
  return {
    tone: 'warning',
    title: 'Credits are running low',
    text: 'Less than 10% of the credits remain. Top up to keep sites running.',
    fields: present(
      field('Balance', shareWords(data.balance, data.limit)),
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
  return {
    // One without a known severity is worth a look rather than a shrug.
    tone: severityTones.get(severity) ?? 'warning',
    title: `Alert: ${nameOf(data.alert_name, data.alert_id, 'a threshold was exceeded')}`,
    fields: present(
      siteField(data),
      field('Severity', constantWords(severity)),
      field('Metric', data.metric),
      field('Value', data.value),
      field('Threshold', data.threshold),
    ),
  };
}

function describeUnknown(type: unknown, data: unknown): Notice {
  const entries = typeof data === 'object' && data !== null ? Object.entries(data) : [];
  return {
    tone: 'info',
    title: cut(cleanLine(type) ?? 'An event', maxName),
    text: 'An event of a type that this version does not know.',
    fields: present(
      ...entries.slice(0, maxUnknownFields).map(([name, value]) => {
        return field(cut(cleanLine(name) ?? '?', maxName), value);
      }),
    ),
  };
}

/**
 * What an event says, in words. Values of `data` are not checked by the receiver, so each is taken for
 * whatever it may be: a field without a usable value is left out, or `N/A` where the contract says so.
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
          siteField(event.data),
          field('Status', constantWords(event.data.status)),
          field('Branch', event.data.branch),
          domainField(event.data.domain),
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
          siteField(event.data),
          field('Status', constantWords(event.data.status)),
          fixedField('Duration', durationWords(event.data.duration_seconds)),
          domainField(event.data.domain),
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
        fields: present(siteField(event.data), field('Deleted in', createdIn(event.data.deleted_via))),
      };
    case 'domain.configured':
      return {
        tone: 'success',
        title: `${nameOf(event.data.domain, undefined, 'A domain')} is configured`,
        text: 'Its DNS records have propagated.',
        url: siteAddress(event.data.domain),
        fields: present(siteField(event.data), domainField(event.data.domain)),
      };
    case 'ssl.issued':
      return {
        tone: 'success',
        title: `Certificate issued for ${nameOf(event.data.domain, undefined, 'a domain')}`,
        url: siteAddress(event.data.domain),
        fields: present(
          siteField(event.data),
          domainField(event.data.domain),
          field('Issuer', event.data.issuer),
          field('Valid until', dateWords(event.data.expires_at)),
        ),
      };
    case 'database.created':
      return {
        tone: 'success',
        title: `Database ${nameOf(event.data.database_name, event.data.database_id, '(unnamed)')} was created`,
        fields: present(
          field('Database', cleanLine(event.data.database_name) ?? event.data.database_id),
          field('Type', event.data.type),
          field('Status', constantWords(event.data.status)),
        ),
      };
    case 'service.deployed':
      return {
        tone: 'success',
        title: `Service ${nameOf(event.data.service_name, event.data.service_id, '(unnamed)')} is running`,
        url: siteAddress(event.data.domain),
        fields: present(
          field('Service', cleanLine(event.data.service_name) ?? event.data.service_id),
          field('Template', event.data.template),
          field('Status', constantWords(event.data.status)),
          domainField(event.data.domain),
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
