import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { disabledMessage, heldMessage, type Message } from '../sender/email/message.js';
import type { Endpoint, HeldNotice } from '../sender/types.js';
import type { Mail, Mailbox } from './types.js';

const maxMails = 200;

/** The dependencies of {@link EmulatorMailbox}. */
export interface MailboxOptions {
  readonly now: () => number;
  /** The origin in the messages. */
  readonly platformUrl: () => string;
  /** Keeps the e-mails in this file; undefined keeps them in memory only. */
  readonly file: string | undefined;
}

/** @throws `Error` that names the file, if it is not one of a mailbox */
function readMails(file: string): Mail[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // The first start creates it.
    return [];
  }
  try {
    const mails: unknown = JSON.parse(text);
    if (Array.isArray(mails)) return mails as Mail[];
  } catch {
    // Reported below.
  }
  throw new Error(`${file} is not a mailbox of the emulator. Move it away, or choose another --db file.`);
}

/** Keeps the e-mails that the platform would send about endpoints. */
export class EmulatorMailbox implements Mailbox {
  /** Newest first. */
  private mails: readonly Mail[];

  constructor(private readonly options: MailboxOptions) {
    this.mails = options.file === undefined ? [] : readMails(options.file);
  }

  list(): readonly Mail[] {
    return this.mails;
  }

  get(id: string): Mail | undefined {
    return this.mails.find((mail) => mail.id === id);
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
    this.mails = [mail, ...this.mails].slice(0, maxMails);
    this.save();
  }

  private save(): void {
    const { file } = this.options;
    if (file === undefined) return;
    // Replaced in one step, so that a crash leaves the old file or the new one.
    writeFileSync(`${file}.new`, JSON.stringify(this.mails));
    renameSync(`${file}.new`, file);
  }
}
