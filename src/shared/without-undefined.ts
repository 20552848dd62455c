/** The options of `Options`, with `undefined` allowed in each optional one. */
export type OrUndefined<Options> = {
  [Name in keyof Options]: object extends Pick<Options, Name> ? Options[Name] | undefined : Options[Name];
};

/** A copy without the fields that are `undefined`, so that spreading it keeps the defaults. */
export function withoutUndefined<Options extends object>(options: OrUndefined<Options> | undefined): Options {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Options;
}
