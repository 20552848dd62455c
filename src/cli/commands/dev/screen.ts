import type { CliOutput } from '../../context.js';

/** Writes lines to an output, above a prompt that is being answered. */
export class Screen {
  private prompt = '';

  constructor(private readonly output: CliOutput) {}

  /** Writes a line. The prompt, if there is one, moves below it. */
  line(text: string): void {
    if (this.prompt === '') this.output.write(`${text}\n`);
    else this.output.write(`\r\x1b[K${text}\n${this.prompt}`);
  }

  /** Shows a prompt with what was typed so far, or replaces it. */
  ask(prompt: string): void {
    this.output.write(`${this.prompt === '' ? '' : '\r\x1b[K'}${prompt}`);
    this.prompt = prompt;
  }

  /** Ends the prompt. Its answer stays visible. */
  endPrompt(): void {
    if (this.prompt !== '') this.output.write('\n');
    this.prompt = '';
  }
}
