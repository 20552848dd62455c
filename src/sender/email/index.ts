export { createEndpointDisabledMailer, createHeldExpiringMailer } from './mailer.js';
export type { DisabledMailer, DisabledMailerOptions, HeldExpiringMailer } from './mailer.js';
export type { MailedEndpoint, MailedHeldNotice } from './message.js';
