/**
 * E-mails the owner of an endpoint when the sender disables it, and before held deliveries expire. Needs the peer
 * `nodemailer`.
 *
 * @module sender/email
 */
export { createEndpointDisabledMailer, createHeldExpiringMailer } from './mailer.js';
export type { EndpointDisabledMailer, EndpointDisabledMailerOptions, HeldExpiringMailer } from './mailer.js';
export type { MailedEndpoint, MailedHeldNotice } from './message.js';
