import { signPayload } from '../signing/signature.js';

const maxRotations = 1_000;

/** Remembers the predecessor of each secret that was rotated while the emulator runs. */
export class PreviousSecrets {
  /** Predecessors by secret, oldest rotation first. */
  private readonly predecessors = new Map<string, string>();

  /** Takes note of an endpoint's secret before and after a change. */
  update(before: string, after: string): void {
    if (before === after) return;
    this.predecessors.delete(after);
    this.predecessors.set(after, before);
    const [oldest] = this.predecessors.keys();
    if (oldest !== undefined && this.predecessors.size > maxRotations) this.predecessors.delete(oldest);
  }

  /**
   * Returns the predecessor of the secret that made a signature. A transport is not told the endpoint of a request, and
   * several endpoints may have one URL.
   */
  async find(body: Uint8Array, signature: string | undefined): Promise<string | undefined> {
    for (const [secret, predecessor] of this.predecessors) {
      if ((await signPayload(body, secret)) === signature) return predecessor;
    }
    return undefined;
  }
}
