// The notice of an event: the content of its message before any provider's markup, as a format receives it.
import type { WebhookEvent } from '../../src/index.js';
import { toSlackMessage, type Notice, type NoticeFormats } from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

export function noticeOf(event: WebhookEvent): Notice {
  let notice: Notice | undefined;
  const keep = (_: unknown, given: Notice) => {
    notice = given;
    return {};
  };
  toSlackMessage(event, { format: { [event.event]: keep } as NoticeFormats });
  return notice!;
}

/** The notice of an event that has this data only. */
export const noticeWith = (event: WebhookEvent['event'], data: object) =>
  noticeOf({ ...sampleEvent(event), data } as unknown as WebhookEvent);
