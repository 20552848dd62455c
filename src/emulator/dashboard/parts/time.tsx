import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatExact, formatRelative } from '../format.js';

/** A time, relative to now. The exact one is shown on hover; the script keeps the text current. */
export function Time({ atMs, nowMs }: { readonly atMs: number; readonly nowMs: number }): JSX.Element {
  return (
    <time datetime={new Date(atMs).toISOString()} title={formatExact(atMs)} data-relative="">
      {formatRelative(atMs, nowMs)}
    </time>
  );
}
