import type {
  DeploymentCompletedData,
  DeploymentFailedData,
  DeploymentStartedData,
} from '../../events/types.js';
import { commitField, domainField, field, fixedField, present, siteOf, statusField } from './fields.js';
import { formatConstant, formatDuration } from './format.js';
import { siteAddress } from './links.js';
import type { Notice } from './notice.js';
import { cleanLine, cleanText, truncate } from './text.js';

const maxError = 1_500;

export function describeStart(data: DeploymentStartedData): Notice {
  return {
    tone: 'info',
    title: `Deploying ${siteOf(data)}`,
    text: 'A build has begun.',
    url: siteAddress(data.domain),
    fields: present(
      statusField(data.status, 'DEPLOYING'),
      field('Branch', data.branch),
      domainField(data.domain, data.site_name),
      commitField(data),
    ),
  };
}

export function describeCompletion(data: DeploymentCompletedData): Notice {
  return {
    tone: 'success',
    title: `${siteOf(data)} is live`,
    text: 'The deployment is complete and the container is running.',
    url: siteAddress(data.domain),
    fields: present(
      statusField(data.status, 'RUNNING'),
      fixedField('Duration', formatDuration(data.duration_seconds)),
      domainField(data.domain, data.site_name),
      commitField(data),
    ),
  };
}

const stageSentences: ReadonlyMap<unknown, string> = new Map([
  ['build', 'The build failed.'],
  ['start', 'The build went well, but the container did not start.'],
]);

export function describeFailure(data: DeploymentFailedData): Notice {
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
