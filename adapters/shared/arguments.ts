function isReceiver(value: unknown): boolean {
  return typeof (value as { receive?: unknown } | null | undefined)?.receive === 'function';
}

/** Throws unless an adapter's handler is given a receiver. Its options would be accepted silently, and handle nothing. */
export function requireReceiver(value: unknown, factory: string, verifier: string): void {
  if (isReceiver(value)) return;
  throw new TypeError(
    `${factory} takes a receiver: ${factory}(createReceiver({ secret })). To verify only, use ${verifier}.`,
  );
}

/** Throws if an adapter's middleware is given a receiver, whose handlers it would never run. */
export function requireOptions(value: unknown, factory: string, handler: string): void {
  if (typeof value === 'object' && value !== null && !isReceiver(value)) return;
  throw new TypeError(
    `${factory} takes options: ${factory}({ secret }). To run a receiver's handlers, use ${handler}(receiver).`,
  );
}
