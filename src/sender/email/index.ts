export { createDisabledMailer } from './mailer.js';
export type { DisabledMailer, DisabledMailerOptions } from './mailer.js';
export type { MailedEndpoint } from './message.js';
