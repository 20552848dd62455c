// The messages conform to the providers' own types, and the options to ours.
import type { Block, KnownBlock, MessageAttachment } from '@slack/types';
import type { RESTPostAPIWebhookWithTokenJSONBody } from 'discord-api-types/v10';
import { expectTypeOf, it } from 'vitest';
import { createReceiver } from '../../src/index.js';
import {
  createDiscordNotifier,
  createPagerDutyNotifier,
  createSlackNotifier,
  toDiscordMessage,
  toPagerDutyEvent,
  toSlackMessage,
  type Notifier,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

it('toSlackMessage returns blocks and attachments of @slack/types', () => {
  const message = toSlackMessage(sampleEvent('ping'));
  expectTypeOf(message.blocks).toExtend<(KnownBlock | Block)[]>();
  expectTypeOf(message.attachments).toExtend<MessageAttachment[]>();
  for (const block of message.blocks) expectTypeOf(block).toExtend<KnownBlock>();
});

it('toDiscordMessage returns the body of a webhook of discord-api-types', () => {
  const body: RESTPostAPIWebhookWithTokenJSONBody = toDiscordMessage(sampleEvent('ping')) as Omit<
    ReturnType<typeof toDiscordMessage>,
    'never'
  >;
  expectTypeOf(body).toBeObject();
});

it('a notifier is accepted as the handler of one type, several or all', () => {
  const receiver = createReceiver({ secret: 'x' });
  const url = 'https://hooks.slack.com/services/T0/B0/X0';
  receiver.on('deployment.failed', createSlackNotifier({ url }));
  receiver.on(['deployment.failed', 'ping'], createDiscordNotifier({ url: () => undefined }));
  receiver.onAny(
    createPagerDutyNotifier({ routingKey: (context) => (context as { env: { KEY: string } }).env.KEY }),
  );
  receiver.onUnknown(createSlackNotifier({ url }));
  expectTypeOf(createSlackNotifier).returns.toEqualTypeOf<Notifier>();
});

it('a format receives the event of its type', () => {
  createSlackNotifier({
    url: '',
    format: {
      'deployment.failed': (event, notice) => {
        expectTypeOf(event.data.error).toEqualTypeOf<string | null | undefined>();
        return { title: `${event.data.site_name} ${notice.title}` };
      },
      // @ts-expect-error not a type of event
      'deployment.fialed': () => ({}),
    },
  });
});

it('every option accepts undefined', () => {
  const none = { format: undefined, links: undefined };
  const delivery = {
    ...none,
    timeoutMs: undefined,
    maxRetries: undefined,
    bestEffort: undefined,
    onError: undefined,
    allowAnyHost: undefined,
    fetch: undefined,
  };
  createSlackNotifier({ url: () => undefined, ...delivery });
  createDiscordNotifier({ url: () => undefined, ...delivery, threadName: undefined, threadId: undefined });
  createPagerDutyNotifier({ routingKey: () => null, ...delivery, alsoTrigger: undefined, url: undefined });
  toSlackMessage(sampleEvent('ping'), none);
  toDiscordMessage(sampleEvent('ping'), none);
  toPagerDutyEvent(sampleEvent('ping'), { routingKey: '', ...none, alsoTrigger: undefined });
  createSlackNotifier({
    url: () => undefined,
    format: {
      ping: undefined,
      'credits.low': () => ({
        tone: undefined,
        title: undefined,
        text: undefined,
        error: undefined,
        url: undefined,
        fields: [{ name: '', value: '', url: undefined, wide: undefined }],
        links: { logs: undefined, dashboard: undefined },
      }),
    },
  });
});

it('links receives an event and returns known links only', () => {
  createSlackNotifier({
    url: '',
    links: (event) => (event.event === 'deployment.failed' ? { logs: event.data.deployment_id } : undefined),
  });
  // @ts-expect-error not a link
  createSlackNotifier({ url: '', links: () => ({ log: '' }) });
});
