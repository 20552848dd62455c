import type { CliContext } from './context.js';
import { escapeControls } from './style.js';

/** Work that takes longer than this is reported. */
const silentMs = 1_000;

/** Waits for work, and writes what is being waited for to standard error if it takes longer than a second. */
export async function withProgress<Result>(
  { stderr }: Pick<CliContext, 'stderr'>,
  text: string,
  work: Promise<Result>,
): Promise<Result> {
  const timer = setTimeout(() => {
    stderr.write(`${escapeControls(text)} …\n`);
  }, silentMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
