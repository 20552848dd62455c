/** The significance of an event. Each provider has a colour or a severity for it. */
export type Tone = 'success' | 'failure' | 'warning' | 'info';

/** One labelled value. Both texts are plain: the provider's markup in them is escaped. */
export interface NoticeField {
  readonly name: string;
  readonly value: string;
  /** Makes the value a link. Only http and https; any other address is left out and the value is kept. */
  readonly url?: string | undefined;
  /** True for a value that needs a row of its own. */
  readonly wide?: boolean | undefined;
}

/** Addresses of further information. Only http and https; any other address is left out. */
export interface NoticeLinks {
  /** The logs of the deployment, the site or the service. */
  readonly logs?: string | undefined;
  /** The page of your dashboard for the subject of the event. */
  readonly dashboard?: string | undefined;
}

/**
 * The content of a message, before any provider's markup. All texts are plain text: they cannot become a
 * mention, a link or formatting.
 */
export interface Notice {
  readonly tone: Tone;
  /** One line that names the subject and what happened to it. */
  readonly title: string;
  /** A further sentence. */
  readonly text?: string | undefined;
  /** Output of a program, possibly of many lines. It is shown unchanged, in a fixed width, above the fields. */
  readonly error?: string | undefined;
  /** The target of the title. Only http and https; any other address is left out. */
  readonly url?: string | undefined;
  readonly fields: readonly NoticeField[];
  /** Links below the fields. The option `links` sets them for all types of events. */
  readonly links?: NoticeLinks | undefined;
}
