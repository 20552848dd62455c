import { loadPeer } from '../../shared/load-peer.js';
import { withoutUndefined } from '../../shared/without-undefined.js';
import {
  disabledMessage,
  heldMessage,
  type MailedEndpoint,
  type MailedHeldNotice,
  type Message,
} from './message.js';

/** Options of {@link createEndpointDisabledMailer} and {@link createHeldExpiringMailer}. */
export interface DisabledMailerOptions {
  /** The server that takes the mail, as nodemailer has it: `smtps://user:password@smtp.example.com`, or its options. */
  smtp: string | object;
  /** The sender's address, such as `Hostwares <no-reply@example.com>`. */
  from: string;
  /** Whom to tell; undefined tells nobody. */
  to: (endpoint: MailedEndpoint) => string | undefined | Promise<string | undefined>;
  /**
   * Where the platform's pages and API are.
   * @default 'https://hostwares.com'
   */
  platformUrl?: string | undefined;
}

/** Tells the owner of an endpoint, by one e-mail. */
export type DisabledMailer = (endpoint: MailedEndpoint) => Promise<void>;

/** Notifies the owner of an endpoint about held deliveries, by one e-mail. */
export type HeldExpiringMailer = (endpoint: MailedEndpoint, notice: MailedHeldNotice) => Promise<void>;

/** A server that is silent keeps nobody waiting: the mail is sent again. */
const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

type Send = (endpoint: MailedEndpoint, compose: () => Message, messageId: string) => Promise<void>;

/** @throws `TypeError` for options that cannot work, in the name of `creator` */
function createSend(
  creator: string,
  { smtp, from, to: addressOf }: DisabledMailerOptions,
  { hostname }: URL,
): Send {
  const expect = (name: string, right: boolean, expected: string): void => {
    if (!right) throw new TypeError(`${creator}: ${name} must be ${expected}.`);
  };
  const isUrl = typeof smtp === 'string' && /^smtps?:/.test(smtp) && URL.canParse(smtp);
  const isOptions = typeof (smtp as unknown) === 'object' && (smtp as object | null) !== null;
  expect('smtp', isUrl || isOptions, 'smtp://… or smtps://…, or the options of nodemailer');
  expect('from', typeof (from as unknown) === 'string' && from !== '', 'an address');
  expect('to', typeof (addressOf as unknown) === 'function', 'a function that gives an address');
  return async (endpoint, compose, messageId) => {
    const to = await addressOf(endpoint);
    if (to === undefined) return;
    const { createTransport } = await loadPeer('nodemailer', 'E-mail', () => import('nodemailer'));
    const transport = createTransport({
      ...timeouts,
      ...(typeof smtp === 'string' ? { url: smtp } : withoutUndefined<object>(smtp)),
    });
    try {
      await transport.sendMail({
        from,
        to,
        ...compose(),
        messageId: `<${messageId}@${hostname}>`,
        // Nothing in it is a file or an address of ours.
        disableFileAccess: true,
        disableUrlAccess: true,
      });
    } finally {
      transport.close();
    }
  };
}

function platformOf({ platformUrl }: DisabledMailerOptions): URL {
  return new URL(platformUrl ?? 'https://hostwares.com');
}

/**
 * Makes the callback that e-mails an account when its endpoint was disabled (contract section 4): which one,
 * since when, the last error, and how to enable it, as text and as HTML. It rejects if the server does not take
 * the mail; the sender then tells again. Mails of the same disabling have the same `Message-ID`.
 *
 * @throws `TypeError` for options that cannot work
 *
 * @example
 * const sender = createSender({
 *   store,
 *   onEndpointDisabled: createEndpointDisabledMailer({
 *     smtp: 'smtp://127.0.0.1:25',
 *     from: 'Hostwares <no-reply@hostwares.example>',
 *     to: ({ accountId }) => addressOf(accountId),
 *   }),
 * });
 */
export function createEndpointDisabledMailer(options: DisabledMailerOptions): DisabledMailer {
  const platformUrl = platformOf(options);
  const send = createSend('createEndpointDisabledMailer', options, platformUrl);
  return (endpoint) =>
    send(
      endpoint,
      () => disabledMessage(endpoint, platformUrl),
      `${endpoint.id}.${endpoint.disabledAtMs ?? 0}`,
    );
}

/**
 * Makes the callback that e-mails an account before held deliveries are dropped, and once when they are. It rejects if
 * the server does not take the mail; the sender then notifies again. Mails of the same notice have the same
 * `Message-ID`.
 *
 * @throws `TypeError` for options that cannot work
 *
 * @example
 * const mail = { smtp: 'smtp://127.0.0.1:25', from: 'Hostwares <no-reply@hostwares.example>', to: addressOf };
 * const sender = createSender({
 *   store,
 *   onEndpointDisabled: createEndpointDisabledMailer(mail),
 *   onHeldExpiring: createHeldExpiringMailer(mail),
 * });
 */
export function createHeldExpiringMailer(options: DisabledMailerOptions): HeldExpiringMailer {
  const platformUrl = platformOf(options);
  const send = createSend('createHeldExpiringMailer', options, platformUrl);
  return (endpoint, notice) =>
    send(
      endpoint,
      () => heldMessage(endpoint, notice, platformUrl),
      `${endpoint.id}.${notice.state}.${notice.fromMs}`,
    );
}
