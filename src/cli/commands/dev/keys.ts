import type { CliInput } from '../../context.js';
import type { Screen } from './screen.js';

/** The actions of the keys. Each resolves to the lines to show. */
export interface KeyActions {
  /** Sends an event. @param name - Undefined for the one that was sent last. */
  trigger(name: string | undefined): Promise<void>;
  /** The event that `trigger` sends if no name is given. */
  readonly lastEvent: string;
  redeliver(): Promise<void>;
  details(): Promise<void>;
  open(): void;
}

export const keysHelp =
  'Keys: t trigger · r redeliver the last one · d details · o open the dashboard · q quit';

const ctrlC = '\x03';
const ctrlD = '\x04';
const escape = '\x1b';
const maxTypedLength = 100;

/** Reads keys one by one. */
export class Keys {
  /** The answer so far to the question for an event; undefined while no question is asked. */
  private typed: string | undefined;

  constructor(
    private readonly screen: Screen,
    private readonly actions: KeyActions,
  ) {}

  /** Handles a key. Resolves to a way to end, if the key ends the command. */
  async press(key: string): Promise<'quit' | 'interrupt' | undefined> {
    if (key === ctrlC) return 'interrupt';
    if (this.typed !== undefined) {
      await this.type(key, this.typed);
      return undefined;
    }
    if (key === 'q' || key === ctrlD) return 'quit';
    if (key === 't') this.show('');
    else if (key === 'r') await this.actions.redeliver();
    else if (key === 'd') await this.actions.details();
    else if (key === 'o') this.actions.open();
    else if (/^[\x20-\x7e]$/.test(key)) this.screen.line(keysHelp);
    return undefined;
  }

  private show(typed: string): void {
    this.typed = typed;
    this.screen.ask(`Event [${this.actions.lastEvent}]: ${typed}`);
  }

  private async type(key: string, typed: string): Promise<void> {
    if (key === '\r' || key === '\n') {
      this.close();
      await this.actions.trigger(typed.trim() === '' ? undefined : typed.trim());
    } else if (key === escape) this.close();
    else if (key === '\x7f' || key === '\b') this.show(typed.slice(0, -1));
    else if (/^[\x20-\x7e]$/.test(key) && typed.length < maxTypedLength) this.show(typed + key);
  }

  private close(): void {
    this.typed = undefined;
    this.screen.endPrompt();
  }
}

/** Whether a chunk is an arrow, function or other key that the terminal sends as a sequence. */
function isSequence(chunk: string): boolean {
  return chunk.length > 1 && chunk.startsWith(escape);
}

/** Reads keys from a terminal until one ends the command, or the input ends. */
export async function readKeys(stdin: CliInput, keys: Keys): Promise<'quit' | 'interrupt' | 'end'> {
  stdin.setRawMode?.(true);
  try {
    for await (const bytes of stdin) {
      const chunk = new TextDecoder().decode(bytes);
      if (isSequence(chunk)) continue;
      for (const key of chunk) {
        const end = await keys.press(key);
        if (end) return end;
      }
    }
    return 'end';
  } finally {
    stdin.setRawMode?.(false);
  }
}
