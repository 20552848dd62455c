export { createDiscordNotifier, toDiscordMessage } from './discord.js';
export type { DiscordEmbed, DiscordField, DiscordMessage, DiscordNotifierOptions } from './discord.js';
export type { FetchLike } from './http.js';
export type { Notice, NoticeField, NoticeFormats, Tone } from './notice.js';
export type { Notifier, NotifierContext, NotifierOptions, NotifierSecret } from './notifier.js';
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
export type { SlackBlock, SlackMarkup, SlackMessage, SlackNotifierOptions, SlackPlainText } from './slack.js';
