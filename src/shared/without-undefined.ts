/** `Options` with `undefined` allowed for each optional field. */
export type OrUndefined<Options> = {
  [Name in keyof Options]: object extends Pick<Options, Name> ? Options[Name] | undefined : Options[Name];
};

/** Copies options without the fields that are `undefined`, so that spreading the copy keeps the defaults. */
export function withoutUndefined<Options extends object>(options: OrUndefined<Options> | undefined): Options {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Options;
}
