import { disabledMessage, heldMessage, type Message } from '../sender/email/message.js';
import type { Endpoint, HeldNotice } from '../sender/types.js';
import type { StateFile } from './state-file.js';
import type { Mail, Mailbox } from './types.js';

const maxMails = 200;

/** The dependencies of {@link EmulatorMailbox}. */
export interface MailboxOptions {
  readonly now: () => number;
  /** The origin in the messages. */
  readonly platformUrl: () => string;
  readonly state: StateFile;
}

/** Keeps the e-mails that the platform would send about endpoints. */
export class EmulatorMailbox implements Mailbox {
  constructor(private readonly options: MailboxOptions) {}

  list(): readonly Mail[] {
    return this.options.state.current.mails;
  }

  get(id: string): Mail | undefined {
    return this.list().find((mail) => mail.id === id);
  }

  /** Receives the e-mail about an endpoint that was disabled. */
  receiveDisabled(endpoint: Endpoint): void {
    this.receive(endpoint, disabledMessage(endpoint, new URL(this.options.platformUrl())));
  }

  /** Receives the e-mail about held deliveries. */
  receiveHeld(endpoint: Endpoint, notice: HeldNotice): void {
    this.receive(endpoint, heldMessage(endpoint, notice, new URL(this.options.platformUrl())));
  }

  private receive(endpoint: Endpoint, message: Message): void {
    const mail: Mail = {
      id: `mail_${crypto.randomUUID().replaceAll('-', '')}`,
      sentAtMs: this.options.now(),
      endpointId: endpoint.id,
      to: `${endpoint.accountId ?? 'owner'}@example.com`,
      ...message,
    };
    this.options.state.update({ mails: [mail, ...this.list()].slice(0, maxMails) });
  }
}
