// The notice of each type of event with all of its data.
import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../src/index.js';
import type { Notice } from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';
import { noticeOf } from './notice-of.js';

const url = 'https://shop.example.com/';
const domain = { name: 'Domain', value: 'shop.example.com', url };
const commit = { name: 'Commit', value: '9fceb02 Fix the cart total', wide: true };
const site = { name: 'Site', value: 'shop' };

describe('the notice of a complete event', () => {
  it.each<[WebhookEvent['event'], Notice]>([
    [
      'deployment.started',
      {
        tone: 'info',
        title: 'Deploying shop',
        text: 'A build has begun.',
        url,
        fields: [{ name: 'Branch', value: 'main' }, domain, commit],
      },
    ],
    [
      'deployment.completed',
      {
        tone: 'success',
        title: 'shop is live',
        text: 'The deployment is complete and the container is running.',
        url,
        fields: [{ name: 'Duration', value: '42.5 s' }, domain, commit],
      },
    ],
    [
      'deployment.failed',
      {
        tone: 'failure',
        title: 'Deployment of shop failed',
        text: 'The build failed.',
        error: 'npm run build exited with code 1',
        url,
        fields: [
          { name: 'Duration', value: '18 s' },
          domain,
          { ...commit, value: '1b9d6bc Try the new bundler' },
        ],
      },
    ],
    [
      'site.status_changed',
      {
        tone: 'failure',
        title: 'shop crashed',
        url,
        fields: [{ name: 'Previous status', value: 'Running' }, domain],
      },
    ],
    [
      'site.created',
      {
        tone: 'info',
        title: 'Site shop was created',
        url: undefined,
        fields: [
          { name: 'Status', value: 'Deploying' },
          { name: 'Type', value: 'node' },
          { name: 'Created in', value: 'Dashboard' },
          { name: 'Branch', value: 'main' },
          {
            name: 'Repository',
            value: 'git.example.com/acme/shop',
            url: 'https://git.example.com/acme/shop',
            wide: true,
          },
        ],
      },
    ],
    [
      'site.deleted',
      { tone: 'warning', title: 'Site shop was deleted', fields: [{ name: 'Deleted in', value: 'API' }] },
    ],
    [
      'domain.configured',
      {
        tone: 'success',
        title: 'shop.example.com is configured',
        text: 'Its DNS records have propagated.',
        url,
        fields: [site],
      },
    ],
    [
      'ssl.issued',
      {
        tone: 'success',
        title: 'Certificate issued for shop.example.com',
        url,
        fields: [
          site,
          { name: 'Issuer', value: "Let's Encrypt" },
          { name: 'Valid until', value: '2027-02-20' },
        ],
      },
    ],
    [
      'database.created',
      {
        tone: 'success',
        title: 'Database orders was created',
        fields: [
          { name: 'Type', value: 'postgresql' },
          { name: 'Status', value: 'Running' },
        ],
      },
    ],
    [
      'service.deployed',
      {
        tone: 'success',
        title: 'Service search is running',
        url: 'https://search.example.com/',
        fields: [
          { name: 'Template', value: 'meilisearch' },
          { name: 'Domain', value: 'search.example.com', url: 'https://search.example.com/' },
        ],
      },
    ],
    [
      'credits.low',
      {
        tone: 'warning',
        title: 'Credits are running low',
        text: 'Less than 10% of the credits remain. Top up to keep sites running.',
        fields: [
          { name: 'Balance', value: '4.2 of 50 credits' },
          { name: 'Remaining', value: '8.4%' },
        ],
      },
    ],
    [
      'alert.triggered',
      {
        tone: 'warning',
        title: 'Alert: Memory above 90%',
        fields: [
          { name: 'Metric', value: 'Memory usage in percent' },
          { name: 'Value', value: '93.1%' },
          { name: 'Threshold', value: '90%' },
          site,
          { name: 'Severity', value: 'Warning' },
        ],
      },
    ],
    [
      'ping',
      {
        tone: 'info',
        title: 'Webhook connected',
        text: 'Hostwares can reach this endpoint. Its events will arrive here.',
        fields: [
          { name: 'Endpoint', value: 'wh_6e2a' },
          { name: 'Events', value: 'deployment.completed, deployment.failed', wide: true },
        ],
      },
    ],
    [
      'unknown',
      {
        tone: 'info',
        title: 'later.version',
        text: 'An event of a type that this version does not know.',
        fields: [{ name: 'note', value: 'an event type of a later version' }],
      },
    ],
  ])('%s names each value once', (type, notice) => {
    expect(noticeOf(sampleEvent(type) as WebhookEvent)).toEqual(notice);
  });
});
