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
export interface EndpointDisabledMailerOptions {
  /** The mail server: a URL such as `smtps://user:password@smtp.example.com`, or the options of nodemailer. */
  smtp: string | object;
  /** The sender's address, such as `Hostwares <no-reply@example.com>`. */
  from: string;
  /** Returns the recipient's address. Return undefined to send no e-mail. */
  to: (endpoint: MailedEndpoint) => string | undefined | Promise<string | undefined>;
  /**
   * The origin of the platform's pages and API.
   * @default 'https://hostwares.com'
   */
  platformUrl?: string | undefined;
}

/** Sends one e-mail to the owner of an endpoint that was disabled. */
export type EndpointDisabledMailer = (endpoint: MailedEndpoint) => Promise<void>;

/** Sends one e-mail to the owner of an endpoint whose held events will be dropped, or have been. */
export type HeldExpiringMailer = (endpoint: MailedEndpoint, notice: MailedHeldNotice) => Promise<void>;

/** Bounds the wait for a silent mail server, in milliseconds. The sender calls the mailer again after a failure. */
const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/** Sends an e-mail about an endpoint. The message is written only if there is an address to send it to. */
type Send = (endpoint: MailedEndpoint, toMessage: () => Message, messageId: string) => Promise<void>;

/** @throws `TypeError` that names the option and the function that it was passed to */
function checkOptions(creator: string, { smtp, from, to }: EndpointDisabledMailerOptions): void {
  const expect = (name: string, isValid: boolean, expected: string): void => {
    if (!isValid) throw new TypeError(`${creator}: ${name} must be ${expected}.`);
  };
  const isUrl = typeof smtp === 'string' && /^smtps?:/.test(smtp) && URL.canParse(smtp);
  const isObject = typeof (smtp as unknown) === 'object' && (smtp as object | null) !== null;
  expect('smtp', isUrl || isObject, 'smtp://… or smtps://…, or the options of nodemailer');
  expect('from', typeof (from as unknown) === 'string' && from !== '', 'an address');
  expect('to', typeof (to as unknown) === 'function', 'a function that returns an address');
}

function createSend({ smtp, from, to: addressOf }: EndpointDisabledMailerOptions, { hostname }: URL): Send {
  return async (endpoint, toMessage, messageId) => {
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
        ...toMessage(),
        messageId: `<${messageId}@${hostname}>`,
        // No text in the message may make nodemailer read a file or fetch a URL.
        disableFileAccess: true,
        disableUrlAccess: true,
      });
    } finally {
      transport.close();
    }
  };
}

function platformOf({ platformUrl }: EndpointDisabledMailerOptions): URL {
  return new URL(platformUrl ?? 'https://hostwares.com');
}

/**
 * Creates an `onEndpointDisabled` callback that sends the account an e-mail (contract section 4). As text and as HTML,
 * it says which endpoint was disabled and when, since when it has failed, its last error, and how to enable it.
 *
 * The callback rejects if the mail server does not accept the e-mail; the sender then calls it again. E-mails about the
 * same disabling have the same `Message-ID`.
 *
 * @throws `TypeError` if an option is missing or not valid
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
export function createEndpointDisabledMailer(options: EndpointDisabledMailerOptions): EndpointDisabledMailer {
  checkOptions('createEndpointDisabledMailer', options);
  const platformUrl = platformOf(options);
  const send = createSend(options, platformUrl);
  return (endpoint) =>
    send(
      endpoint,
      () => disabledMessage(endpoint, platformUrl),
      `${endpoint.id}.${endpoint.disabledAtMs ?? 0}`,
    );
}

/**
 * Creates an `onHeldExpiring` callback that sends the account an e-mail before held events are dropped, and one when
 * the first of them has been dropped.
 *
 * The callback rejects if the mail server does not accept the e-mail; the sender then calls it again. E-mails about the
 * same notice have the same `Message-ID`.
 *
 * @throws `TypeError` if an option is missing or not valid
 *
 * @example
 * const mail = { smtp: 'smtp://127.0.0.1:25', from: 'Hostwares <no-reply@hostwares.example>', to: addressOf };
 * const sender = createSender({
 *   store,
 *   onEndpointDisabled: createEndpointDisabledMailer(mail),
 *   onHeldExpiring: createHeldExpiringMailer(mail),
 * });
 */
export function createHeldExpiringMailer(options: EndpointDisabledMailerOptions): HeldExpiringMailer {
  checkOptions('createHeldExpiringMailer', options);
  const platformUrl = platformOf(options);
  const send = createSend(options, platformUrl);
  return (endpoint, notice) =>
    send(
      endpoint,
      () => heldMessage(endpoint, notice, platformUrl),
      `${endpoint.id}.${notice.state}.${notice.fromMs}`,
    );
}
