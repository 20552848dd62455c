import type { DeliveryDetails } from '../../../sender/stores/store.js';
import { formatDuration } from '../../format.js';
import { formatBody } from '../../format-body.js';
import { escapeControls, hideSignatures, truncate, type Style } from '../../style.js';

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

function formatHeaders(headers: Readonly<Record<string, string>> | null | undefined): string {
  const lines = Object.entries(headers ?? {}).map(([name, value]) => {
    return `${escapeControls(name)}: ${escapeControls(truncate(hideSignatures(value), 500))}`;
  });
  return indent(lines.join('\n'));
}

/** Formats a delivery with its last attempt: request and response, with headers and bodies. */
export function formatDetails({ delivery, event, attempts }: DeliveryDetails, style: Style): string {
  const attempt = attempts.at(-1);
  const parts = [
    style.bold(`${escapeControls(delivery.eventType)}  ${delivery.id}  ${delivery.status}`),
    style.dim(`Request of attempt ${attempt?.number ?? 0}: POST ${escapeControls(attempt?.url ?? '')}`),
    formatHeaders(attempt?.requestHeaders),
    indent(formatBody(new TextDecoder().decode(event.body))),
  ];
  const result = attempt?.result;
  if (result) {
    const outcome = result.status === undefined ? escapeControls(result.error ?? '') : String(result.status);
    parts.push(
      style.dim(`Response: ${outcome}, after ${formatDuration(result.timings.totalMs)}`),
      formatHeaders(result.responseHeaders),
      indent(formatBody(hideSignatures(result.responseBody ?? ''))),
    );
  }
  return parts.filter((part) => part.trim() !== '').join('\n');
}
