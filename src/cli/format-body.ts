import { escapeControlsInLines, truncate } from './style.js';

const maxBodyLength = 4_000;

/** Formats a body for people: JSON with indentation, anything else as it is. */
export function formatBody(body: string): string {
  let text = body;
  try {
    text = JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    // Shown as it is.
  }
  return escapeControlsInLines(truncate(text, maxBodyLength));
}
