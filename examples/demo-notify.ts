// The first part of npm run demo
//
// Sends every event through the three notifiers to fakes of Slack, Discord and PagerDuty on this machine, and prints the messages that
// arrived. Slack answers the first post with 429.
import { createReceiver, eventTypes } from '@hostwares/webhooks';
import {
  createDiscordNotifier,
  createPagerDutyNotifier,
  createSlackNotifier,
  type DiscordMessage,
  type PagerDutyEvent,
  type SlackMessage,
} from '@hostwares/webhooks/notifiers';
import { createSignedRequest } from '@hostwares/webhooks/testing';
import { startFakeProvider, type Answer } from './fake-provider.ts';

const rateLimited: Answer = (response) => response.writeHead(429, { 'retry-after': '1' }).end('rate_limited');
const slack = await startFakeProvider([rateLimited]);
const discord = await startFakeProvider();
const pagerDuty = await startFakeProvider();

const secret = 'whsec_secret_of_the_demo_endpoint';
const receiver = createReceiver({ secret })
  .onAny(createSlackNotifier({ url: `${slack.origin}/services/T0/B0/x`, allowAnyHost: true }))
  .onAny(createDiscordNotifier({ url: `${discord.origin}/api/webhooks/1/x`, allowAnyHost: true }))
  .onAny(
    createPagerDutyNotifier({
      routingKey: 'r0000000000000000000000000000000',
      url: `${pagerDuty.origin}/v2/enqueue`,
      allowAnyHost: true,
    }),
  );

const sent = [...eventTypes, 'ping', 'site.paused'];
const statuses: number[] = [];
for (const event of sent) {
  statuses.push((await receiver.handle(await createSignedRequest(event, { secret }))).status);
}
await Promise.all([slack, discord, pagerDuty].map((provider) => provider.stop()));

// The first post to Slack was rejected with 429 and retried.
const slackMessages = slack.posts.slice(1).map(({ body }) => body as SlackMessage);
const discordMessages = discord.posts.map(({ body }) => body as DiscordMessage);
const incidents = pagerDuty.posts.map(({ body }) => body as PagerDutyEvent);

console.log(`\n${'sent'.padEnd(24)}shown in Slack and Discord`);
for (const [index, event] of sent.entries()) {
  console.log(event.padEnd(24) + discordMessages[index]!.embeds[0].title);
}
console.log('\nPagerDuty');
for (const incident of incidents) {
  const summary =
    incident.event_action === 'trigger' ? `${incident.payload.severity}: ${incident.payload.summary}` : '';
  console.log(`${incident.event_action.padEnd(9)}${incident.dedup_key.padEnd(50)}${summary}`.trimEnd());
}

const isComplete =
  statuses.every((status) => status === 200) &&
  slackMessages.length === sent.length &&
  discordMessages.length === sent.length &&
  incidents.length === 4;
console.log(
  `\n${slackMessages.length} to Slack, ${discordMessages.length} to Discord, ${incidents.length} to PagerDuty: ${isComplete ? 'all right' : 'WRONG'}.`,
);
process.exitCode = isComplete ? 0 : 1;
