import type { OriginalGuess } from '../../verify/originals.js';
import { CliError } from '../cli-error.js';

/** The formats of captures, as messages name them. */
export type CaptureFormat = 'raw HTTP' | 'HAR' | 'a curl command' | 'JSON';

/** The largest capture to read, in bytes. HAR files of a browser reach some megabytes. */
export const maxCaptureBytes = 33_554_432;

/** A request as it was captured. */
export interface Capture {
  readonly format: CaptureFormat;
  /** The place of the request in a capture that has several. */
  readonly position?: string | undefined;
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Names and values in the order of the capture, repeated headers included. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  /** The time at which the request was sent, in milliseconds since 1970, if the capture has it. */
  readonly sentAtMs?: number | undefined;
  /** Facts about the capture that the reader of the report needs. */
  readonly notes: readonly string[];
  /** The likely cause of a mismatch, by what the capture lacks. */
  readonly suspicion?: string | undefined;
  /** Guesses at the original body that this format suggests. */
  readonly guesses: readonly OriginalGuess[];
}

/** The end of the command for a capture that cannot be read. */
export class CaptureError extends CliError {
  constructor(format: CaptureFormat, problem: string, place?: string) {
    super(`Read as ${format}, reading stopped${place === undefined ? '' : ` at ${place}`}: ${problem}`);
  }
}

/** Describes a place in a capture. */
export function describePlace(text: Uint8Array | string, offset: number): string {
  const isText = typeof text === 'string';
  let line = 1;
  for (let at = 0; at < offset; at += 1) if ((isText ? text.charCodeAt(at) : text[at]) === 0x0a) line += 1;
  return `line ${line}, offset ${offset}`;
}

/** Returns the values of a header, in the order of the capture. */
export function headerValues({ headers }: Pick<Capture, 'headers'>, name: string): readonly string[] {
  return headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}
