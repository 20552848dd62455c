import type { RequestListener } from 'node:http';
import type { Timings } from '../../../../src/cli/check/timings.ts';

/** The secret of every endpoint of the gallery. */
export const secret = 'whsec_gallery_0123456789abcdef';

export interface GalleryEvent {
  readonly id: string;
  readonly event: string;
  readonly timestamp: string;
  readonly data: Record<string, unknown>;
}

/** The side effects of an endpoint, and the failures that its probe has asked for. */
export class EffectLog {
  readonly #counts = new Map<string, number>();
  readonly #failing = new Set<string>();

  constructor(
    readonly canFail = true,
    readonly delayMs = 0,
  ) {}

  /** The work of a handler. */
  async act({ id }: { readonly id: string }): Promise<void> {
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    if (this.#failing.delete(id)) throw new Error('The handler fails once.');
    this.#counts.set(id, this.count(id) + 1);
  }

  count(id: string): number {
    return this.#counts.get(id) ?? 0;
  }

  /** Answers `GET /probe?event_id=…`. */
  readonly probe: RequestListener = (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    const id = searchParams.get('event_id') ?? '';
    const willFail = this.canFail && searchParams.has('fail_next');
    if (willFail) this.#failing.add(id);
    response.end(JSON.stringify({ count: this.count(id), ...(willFail && { fail_next: true }) }));
  };
}

/** An endpoint with a fault, and what `check` must find in it. */
export interface GalleryEndpoint {
  readonly name: string;
  readonly create: (effects: EffectLog) => RequestListener;
  /** The ids of the checks that fail or warn: these and no others. */
  readonly findings: readonly string[];
  /** A part of a finding's text. */
  readonly says?: RegExp;
  readonly effects?: () => EffectLog;
  readonly timings?: Partial<Timings>;
  /** Runs only some checks. Default: all. */
  readonly only?: readonly string[];
}
