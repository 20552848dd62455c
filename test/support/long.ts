/** `LONG=1` runs every proof in full, as the gate does; without it, long ones run in a short form. */
export const isLong = process.env.LONG === '1';

/** Reads a count from the environment variable `name`, or chooses the default for a long or a short run. */
export function countFor(name: string, defaults: { readonly long: number; readonly short: number }): number {
  return Number(process.env[name] ?? (isLong ? defaults.long : defaults.short));
}
