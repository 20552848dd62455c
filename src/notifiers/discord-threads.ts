import { cleanLine } from './message/text.js';

/** Options of {@link createDiscordNotifier} that name a thread. */
export interface DiscordThreadOptions {
  /**
   * For a forum or media channel: each message opens a new post (thread) of this name, 1 to 100 characters.
   * @default undefined
   */
  threadName?: string | undefined;
  /**
   * The id of an existing thread or forum post that gets all messages, as a string of digits.
   * @default undefined
   */
  threadId?: string | undefined;
}

const maxThreadName = 100;

/** Returns false for anything but text too, because `cleanLine` returns text only. */
function isThreadName(name: string): boolean {
  return cleanLine(name) === name && name.length <= maxThreadName;
}

/** @throws `TypeError` for both a name and an id, and for an invalid one. */
export function checkThread({ threadName, threadId }: DiscordThreadOptions): void {
  if (threadName !== undefined && threadId !== undefined)
    throw new TypeError(
      'threadName opens a new thread and threadId names an existing one. Give one of them.',
    );
  if (threadName !== undefined && !isThreadName(threadName))
    throw new TypeError(`threadName must be a text of 1 to ${maxThreadName} characters on one line.`);
  // A number would lose digits: ids are larger than 2 ** 53.
  if (threadId !== undefined && !(typeof threadId === 'string' && /^\d{1,20}$/.test(threadId)))
    throw new TypeError('threadId must be the id of a thread: a string of digits, not a number.');
}

/** Fixes by the error code in Discord's response. The codes are in discord-api-types, `RESTJSONErrorCodes`. */
const explanations: ReadonlyMap<unknown, string> = new Map([
  [
    10003,
    'The thread does not exist in the channel of the webhook. Correct threadId, or the thread_id of the URL.',
  ],
  [
    40067,
    'The forum requires a tag on each new post. Use threadId to write to an existing post, or turn the requirement off in the settings of the channel.',
  ],
  [50083, 'The thread is archived. Unarchive it, or set threadId to another thread.'],
  [160005, 'The thread is locked. Unlock it, or set threadId to another thread.'],
  [
    220001,
    'The webhook belongs to a forum or media channel. Set threadName (each message opens a post of that name) or threadId (an existing post).',
  ],
  [
    220002,
    'Discord accepts either a new thread or an existing one. Remove threadName, or the thread_id of the URL.',
  ],
  [
    220003,
    'Only webhooks of forum and media channels can open posts. Remove threadName; threadId selects an existing thread.',
  ],
  [
    220004,
    'A webhook of this kind cannot post to a forum channel. Create an incoming webhook in the channel.',
  ],
]);

/** Returns the fix for a response with one of these codes. */
export function explain(answer: string): string | undefined {
  try {
    return explanations.get((JSON.parse(answer) as { code?: unknown } | null)?.code);
  } catch {
    return undefined;
  }
}
