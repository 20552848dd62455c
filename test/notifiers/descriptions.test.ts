// The words of each event's message, as Discord shows them.
import { describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../src/index.js';
import { toDiscordMessage, toSlackMessage } from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const embedOf = (event: WebhookEvent) => toDiscordMessage(event).embeds[0];
const labels = (event: WebhookEvent) =>
  Object.fromEntries(embedOf(event).fields.map(({ name, value }) => [name, value]));

describe('the title and text of a message', () => {
  it.each<[WebhookEvent['event'], string, string | undefined]>([
    ['deployment.started', 'Deploying shop', 'A build has begun.'],
    ['deployment.completed', 'shop is live', 'The deployment is complete and the container is running.'],
    ['site.created', 'Site shop was created', undefined],
    ['site.deleted', 'Site shop was deleted', undefined],
    ['domain.configured', 'shop.example.com is configured', 'Its DNS records have propagated.'],
    ['ssl.issued', 'Certificate issued for shop.example.com', undefined],
    ['database.created', 'Database orders was created', undefined],
    ['service.deployed', 'Service search is running', undefined],
    [
      'credits.low',
      'Credits are running low',
      'Less than 10% of the credits remain. Top up to keep sites running.',
    ],
    ['alert.triggered', 'Alert\\: Memory above 90%', undefined],
    ['ping', 'Webhook connected', 'Hostwares can reach this endpoint. Its events will arrive here.'],
  ])('for %s are "%s" and %j', (type, title, text) => {
    const embed = embedOf(sampleEvent(type) as WebhookEvent);
    expect([embed.title, embed.description]).toEqual([title, text]);
  });

  it.each<[WebhookEvent['event'], string]>([
    ['domain.configured', 'A domain is configured'],
    ['ssl.issued', 'Certificate issued for a domain'],
    ['database.created', 'Database \\(unnamed\\) was created'],
    ['service.deployed', 'Service \\(unnamed\\) is running'],
    ['alert.triggered', 'Alert\\: a threshold was exceeded'],
  ])('for %s name a placeholder if all data is missing: "%s"', (type, title) => {
    const event = { ...sampleEvent(type), data: {} } as unknown as WebhookEvent;
    expect(embedOf(event).title).toBe(title);
  });

  it('for a failed deployment without an error say that the build or the start went wrong', () => {
    const event = { ...sampleEvent('deployment.failed'), data: { site_name: 'shop' } };
    expect(embedOf(event as unknown as WebhookEvent).description).toContain(
      'The build or the start went wrong.',
    );
  });
});

describe('the fields of a message', () => {
  it('for credits.low are the balance and the remaining share', () => {
    expect(labels(sampleEvent('credits.low'))).toEqual({
      Balance: '4.2 of 50 credits',
      Remaining: '8.4%',
    });
  });

  it('for credits.low omit a remaining share that is missing', () => {
    const event = sampleEvent('credits.low', { data: { percent_remaining: null as never } });
    expect(labels(event)).not.toHaveProperty('Remaining');
  });

  it('for alert.triggered are the metric, the value, the threshold, the site and the severity', () => {
    expect(labels(sampleEvent('alert.triggered'))).toEqual({
      Metric: 'Memory usage in percent',
      Value: '93.1%',
      Threshold: '90%',
      Site: 'shop',
      Severity: 'Warning',
    });
  });

  it('for a ping list the subscribed types on a line of their own', () => {
    const data = { webhook_id: 'wh_1', events: ['site.created', 'site.deleted'] };
    const { fields } = embedOf(sampleEvent('ping', { data }));
    expect(fields).toEqual([
      { name: 'Endpoint', value: 'wh\\_1', inline: true },
      { name: 'Events', value: 'site.created, site.deleted', inline: false },
    ]);
  });

  it.each([
    ['api', 'API'],
    ['dashboard', 'Dashboard'],
    ['cli', 'cli'],
  ])('for site.created and site.deleted show the origin %s as %s', (via, shown) => {
    const created = sampleEvent('site.created', { data: { created_via: via as never } });
    const deleted = sampleEvent('site.deleted', { data: { deleted_via: via as never } });
    expect(labels(created)['Created in']).toBe(shown);
    expect(labels(deleted)['Deleted in']).toBe(shown);
  });

  it.each([
    ['%', '7%'],
    ['requests', '7 requests'],
  ])('for alert.triggered append the unit %s to a value: %s', (unit, shown) => {
    const event = sampleEvent('alert.triggered', { data: { value: 7, metric: 'custom', unit } as never });
    expect(labels(event).Value).toBe(shown);
  });
});

describe('the message for an event of an unknown type', () => {
  const unknown = (type: unknown, data: unknown) =>
    ({ ...sampleEvent('unknown'), type, data }) as unknown as WebhookEvent;

  it('has the type as its title and says that the type is unknown', () => {
    expect(embedOf(unknown('site.renamed', {}))).toMatchObject({
      title: 'site.renamed',
      description: 'An event of a type that this version does not know.',
      footer: { text: 'Hostwares · site.renamed' },
    });
  });

  it('has a title if the type is blank', () => {
    expect(embedOf(unknown(' ', {})).title).toBe('An event');
  });

  it.each([[null], [undefined], ['text'], [7]])('has no fields if the data is %j', (data) => {
    expect(embedOf(unknown('site.renamed', data)).fields).toEqual([]);
  });

  it('names a field "?" if the name is blank', () => {
    expect(labels(unknown('site.renamed', { ' ': 'value' }))).toEqual({ '?': 'value' });
  });

  it('has a limited number of fields', () => {
    const data = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`name${index}`, index]));
    expect(embedOf(unknown('site.renamed', data)).fields.length).toBeLessThanOrEqual(25);
    expect(toSlackMessage(unknown('site.renamed', data)).attachments).toHaveLength(1);
  });
});

describe('the footer of a Discord message', () => {
  it('names the type of a known event', () => {
    expect(embedOf(sampleEvent('site.created')).footer.text).toBe('Hostwares · site.created');
  });
});

describe('a long Discord message', () => {
  const format = (error: string, fields: readonly { name: string; value: string }[] = []) =>
    toDiscordMessage(sampleEvent('site.created'), {
      format: { 'site.created': () => ({ text: 'Text', error, fields }) },
      links: () => ({ logs: 'https://logs.example.com/1' }),
    }).embeds[0];

  it('truncates a long error to the room that is left, and closes its code block', () => {
    const { description = '' } = format('x'.repeat(10_000));
    expect(description.startsWith('Text\n```\nxxx')).toBe(true);
    expect(description.endsWith('…\n```')).toBe(true);
    expect(description.length).toBeGreaterThan(2_900);
    expect(description.length).toBeLessThanOrEqual(3_000);
  });

  it('breaks three back-ticks of an error, so that they do not end its code block', () => {
    expect(format('a```b').description).toBe('Text\n```\na`\u200B`\u200B`\u200Bb\n```');
  });

  it('uses most of the 6000 characters for fields, and never exceeds them', () => {
    const fields = Array.from({ length: 30 }, (_, index) => ({
      name: `Field ${index}`,
      value: 'y'.repeat(700),
    }));
    const embed = format('x'.repeat(10_000), fields);
    const shown = embed.fields.map(({ name, value }) => name.length + value.length);
    const total =
      shown.reduce((sum, length) => sum + length, 0) +
      embed.title.length +
      embed.footer.text.length +
      (embed.description ?? '').length;
    expect(total).toBeLessThanOrEqual(6_000);
    expect(total).toBeGreaterThan(5_900);
    expect(embed.fields.at(-1)!.name).toBe('Links');
  });
});
