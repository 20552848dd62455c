/**
 * Posts events to Slack, Discord and PagerDuty: notifiers that send with retries, and functions that only format
 * a message.
 *
 * @module notifiers
 */
export { createDiscordNotifier, toDiscordMessage } from './discord.js';
export type { DiscordEmbed, DiscordField, DiscordMessage, DiscordNotifierOptions } from './discord.js';
export type { DiscordThreadOptions } from './discord-threads.js';
export type { FetchLike } from './delivery/http.js';
export type { NotifiableEvent, Notifier, NotifierContext, NotifierOptions } from './delivery/notifier.js';
export type { NotifierSecret } from './delivery/provider.js';
export type { EventLinks, MessageOptions, NoticeChanges, NoticeFormats } from './message/compose.js';
export type { Notice, NoticeField, NoticeLinks, Tone } from './message/notice.js';
export { createPagerDutyNotifier, toPagerDutyEvent } from './pagerduty.js';
export type {
  PagerDutyEvent,
  PagerDutyEventOptions,
  PagerDutyNotifierOptions,
  PagerDutyResolve,
  PagerDutySeverity,
  PagerDutyTrigger,
} from './pagerduty.js';
export { createSlackNotifier, toSlackMessage } from './slack.js';
export type { SlackBlock, SlackMarkup, SlackMessage, SlackNotifierOptions } from './slack.js';
