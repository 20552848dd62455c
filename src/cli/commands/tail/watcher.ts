import { ApiError, callApi } from '../../api-client.js';
import { isRecord } from '../../json.js';

/** A JSON object of the API. */
export type Json = Readonly<Record<string, unknown>>;

/** The server and the deliveries to follow. */
export interface WatcherOptions {
  /** The server's address, without a trailing slash. */
  readonly url: string;
  readonly apiKey: string;
  /** Undefined follows all endpoints. */
  readonly endpointId: string | undefined;
  readonly isWanted: (delivery: Json) => boolean;
  readonly signal: AbortSignal;
}

const pageSize = 100;
/** Pages that are read per poll and endpoint, if that many deliveries were made since the last one. */
const maxPages = 10;
/** Deliveries whose attempts are read in one poll, so that a burst does not use up the API's quota. */
const maxDetails = 20;
/** Deliveries that are remembered. The oldest are forgotten first. */
const maxRemembered = 20_000;

const finalStatuses = new Set<unknown>(['succeeded', 'failed', 'cancelled']);

function stateOf(delivery: Json): string {
  return `${String(delivery.status)} ${String(delivery.attempts)}`;
}

/** Finds out which deliveries are new or have changed since the last poll. */
export class DeliveryWatcher {
  /** The state of each delivery when it was last seen. */
  private readonly states = new Map<string, string>();
  /** Deliveries that are not over yet, oldest first. */
  private readonly open = new Set<string>();
  private endpointIds: readonly string[] = [];
  private isFirst = true;

  constructor(private readonly options: WatcherOptions) {}

  /** The number of endpoints that are followed. */
  get endpoints(): number {
    return this.endpointIds.length;
  }

  /** Returns the deliveries that are new or have changed, oldest first. The first poll returns none. */
  async poll(): Promise<readonly Json[]> {
    this.endpointIds = await this.listEndpoints();
    const { isFirst } = this;
    const read = new Map<string, Json>();
    for (const id of this.endpointIds) {
      for (const delivery of await this.readNewest(id, isFirst)) read.set(String(delivery.id), delivery);
    }
    for (const delivery of await this.readOpen(read)) read.set(String(delivery.id), delivery);
    this.isFirst = false;
    const changed = [...read.values()].filter((delivery) => this.remember(delivery));
    if (isFirst) return [];
    const wanted = changed.filter(this.options.isWanted);
    wanted.sort((a, b) => String(a.created_at).localeCompare(String(b.created_at)));
    return this.withAttempts(wanted);
  }

  private async call(path: string): Promise<Json> {
    const { url, apiKey, signal } = this.options;
    return callApi({ url: `${url}/api/webhooks${path}`, apiKey, signal });
  }

  private async listEndpoints(): Promise<readonly string[]> {
    const { endpointId } = this.options;
    if (endpointId !== undefined) return [endpointId];
    const ids: string[] = [];
    let cursor = '';
    do {
      const page = await this.call(`?limit=${pageSize}${cursor}`);
      ids.push(...itemsOf(page).map(({ id }) => String(id)));
      cursor = nextCursorOf(page);
    } while (cursor !== '');
    return ids;
  }

  /** Reads the deliveries of an endpoint, newest first, back to one that is known. */
  private async readNewest(endpointId: string, isFirst: boolean): Promise<readonly Json[]> {
    const deliveries: Json[] = [];
    let cursor = '';
    for (let pages = 0; pages < maxPages; pages += 1) {
      const page = await this.readPage(endpointId, cursor);
      const items = itemsOf(page);
      deliveries.push(...items);
      cursor = nextCursorOf(page);
      if (isFirst || cursor === '' || items.some(({ id }) => this.states.has(String(id)))) break;
    }
    return deliveries;
  }

  private async readPage(endpointId: string, cursor: string): Promise<Json> {
    try {
      return await this.call(`/${encodeURIComponent(endpointId)}/deliveries?limit=${pageSize}${cursor}`);
    } catch (error) {
      const isDeleted = error instanceof ApiError && error.status === 404;
      if (!isDeleted || this.options.endpointId !== undefined) throw error;
      this.endpointIds = this.endpointIds.filter((id) => id !== endpointId);
      return {};
    }
  }

  /** Reads deliveries that wait for a retry and are too old for the pages that were read. */
  private async readOpen(read: ReadonlyMap<string, Json>): Promise<readonly Json[]> {
    const missing = [...this.open].filter((id) => !read.has(id)).slice(0, maxDetails);
    // Moved to the end, so that others are read with the next poll.
    for (const id of missing) {
      this.open.delete(id);
      this.open.add(id);
    }
    return Promise.all(missing.map((id) => this.readDelivery(id)));
  }

  private async readDelivery(id: string): Promise<Json> {
    try {
      return await this.call(`/deliveries/${encodeURIComponent(id)}`);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      // Its endpoint was deleted.
      return { id, status: 'cancelled' };
    }
  }

  /** Takes note of a delivery. Returns whether it is new or has changed. */
  private remember(delivery: Json): boolean {
    const id = String(delivery.id);
    const state = stateOf(delivery);
    const isChanged = this.states.get(id) !== state;
    this.states.set(id, state);
    if (finalStatuses.has(delivery.status)) this.open.delete(id);
    else this.open.add(id);
    for (const oldest of this.states.keys()) {
      if (this.states.size <= maxRemembered) break;
      this.states.delete(oldest);
      this.open.delete(oldest);
    }
    // A delivery without its event has only been deleted.
    return isChanged && delivery.event !== undefined;
  }

  /** Adds the attempts of the first deliveries that have any. */
  private withAttempts(deliveries: readonly Json[]): Promise<readonly Json[]> {
    return Promise.all(
      deliveries.map(async (delivery, index) => {
        const isNeeded = index < maxDetails && delivery.attempts !== 0 && delivery.attempt_log === undefined;
        return isNeeded ? this.withAttemptsOf(delivery) : delivery;
      }),
    );
  }

  private async withAttemptsOf(delivery: Json): Promise<Json> {
    try {
      const { attempt_log: log } = await this.readDelivery(String(delivery.id));
      return { ...delivery, attempt_log: log };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The change itself is known, and the next poll would not report it again.
      return delivery;
    }
  }
}

function itemsOf({ data }: Json): readonly Json[] {
  return Array.isArray(data) ? data.filter(isRecord) : [];
}

/** Returns the end of the next page's query, or nothing if this was the last page. */
function nextCursorOf({ next_cursor: cursor }: Json): string {
  return typeof cursor === 'string' && cursor !== '' ? `&cursor=${encodeURIComponent(cursor)}` : '';
}
