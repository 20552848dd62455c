import type { Context } from 'hono';
import { streamSSE, type SSEStreamingApi } from 'hono/streaming';
import { toDeliveryJson } from '../../sender/api/json.js';
import type { EmulatorCore } from '../emulator.js';
import type { DeliveryChange } from '../types.js';

/** A client that is further behind is disconnected. It can read the list of deliveries and connect again. */
const maxWaitingMessages = 1_000;

/** Sends changes of deliveries to one client, no faster than it reads. */
class Feed {
  private readonly waiting: string[] = [];
  private isOpen = true;
  private wake: () => void = () => undefined;

  constructor(private readonly stream: SSEStreamingApi) {}

  add({ delivery }: DeliveryChange): void {
    if (this.waiting.push(JSON.stringify(toDeliveryJson(delivery))) > maxWaitingMessages) this.close();
    this.wake();
  }

  close(): void {
    this.isOpen = false;
    this.wake();
  }

  /** Resolves when the feed was closed. */
  async send(): Promise<void> {
    await this.stream.writeSSE({ event: 'ready', data: '{}' });
    while (this.isOpen) {
      const data = this.waiting.shift();
      if (data === undefined) await this.nextMessage();
      else await this.stream.writeSSE({ event: 'delivery', data });
    }
  }

  private nextMessage(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

/** Answers with a message for each change of a delivery, for as long as the client is connected. */
export function followDeliveries({ onDelivery, stopping }: EmulatorCore, c: Context): Response {
  return streamSSE(c, async (stream) => {
    const feed = new Feed(stream);
    const close = (): void => {
      feed.close();
    };
    const removeListener = onDelivery((change) => {
      feed.add(change);
    });
    stream.onAbort(close);
    stopping.addEventListener('abort', close);
    try {
      if (!stream.aborted && !stopping.aborted) await feed.send();
    } finally {
      removeListener();
      stopping.removeEventListener('abort', close);
    }
  });
}
