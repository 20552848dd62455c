function isReceiver(value: unknown): boolean {
  return typeof (value as { receive?: unknown } | null | undefined)?.receive === 'function';
}

/** Throws unless the value is a receiver. Otherwise options would be accepted silently, and no handler would run. */
export function requireReceiver(value: unknown, factory: string, verifier: string): void {
  if (isReceiver(value)) return;
  throw new TypeError(
    `${factory} takes a receiver: ${factory}(createReceiver({ secret })). To verify only, use ${verifier}.`,
  );
}

/** Throws unless the value is an options object. A middleware would never run the handlers of a receiver. */
export function requireOptions(value: unknown, factory: string, handler: string): void {
  if (typeof value === 'object' && value !== null && !isReceiver(value)) return;
  throw new TypeError(
    `${factory} takes options: ${factory}({ secret }). To run a receiver's handlers, use ${handler}(receiver).`,
  );
}
