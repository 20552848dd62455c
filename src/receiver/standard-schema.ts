/**
 * The part of the Standard Schema interface, version 1 (standardschema.dev), that the receiver uses. Zod, Valibot,
 * ArkType and others implement it, so any of them can be used as a schema.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The validated value, or the issues that were found. */
export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/** One reason why a value is invalid. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of the value that a schema returns for valid input. */
export type SchemaOutput<Schema> = Schema extends StandardSchemaV1<unknown, infer Output> ? Output : never;
