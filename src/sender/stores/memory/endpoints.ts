import { ownerOf, type EndpointRecord } from '../../records.js';
import { createChunkedSequence } from './chunked-sequence.js';
import type { EndpointEntry } from './entries.js';

/** The endpoints, by id and by owner. */
export interface Endpoints {
  /** Returns false, and inserts nothing, if the owner has `maxOfOwner` endpoints or more. */
  insert(record: EndpointRecord, maxOfOwner: number): boolean;
  get(id: string): EndpointRecord | undefined;
  /** Replaces the record of an endpoint, if it still exists. */
  replace(record: EndpointRecord): void;
  delete(id: string): boolean;
  all(): readonly EndpointRecord[];
  newestFirst(before?: number): Iterable<EndpointEntry>;
  /** The ids of the endpoints that may be subscribed to events of an account, oldest first. */
  audienceOf(accountId: string): readonly string[];
}

export function createEndpoints(): Endpoints {
  const byId = new Map<string, EndpointEntry>();
  const inOrder = createChunkedSequence<EndpointEntry>();
  /** In the order of creation. */
  const ofOwner = new Map<string, Set<EndpointEntry>>();

  function audienceOf(accountId: string): readonly EndpointEntry[] {
    const own = ofOwner.get(accountId);
    const ofNobody = ofOwner.get(ownerOf(undefined));
    if (!own || !ofNobody) return [...(own ?? ofNobody ?? [])];
    return [...own, ...ofNobody].sort((a, b) => a.position - b.position);
  }

  return {
    insert(record, maxOfOwner) {
      const owner = ownerOf(record);
      const siblings = ofOwner.get(owner) ?? new Set();
      if (siblings.size >= maxOfOwner) return false;
      const entry = inOrder.append((position) => ({ position, record }));
      byId.set(record.id, entry);
      ofOwner.set(owner, siblings.add(entry));
      return true;
    },
    get: (id) => byId.get(id)?.record,
    replace(record) {
      const entry = byId.get(record.id);
      if (entry) entry.record = record;
    },
    delete(id) {
      const entry = byId.get(id);
      if (!entry) return false;
      const owner = ownerOf(entry.record);
      const siblings = ofOwner.get(owner);
      siblings?.delete(entry);
      if (siblings?.size === 0) ofOwner.delete(owner);
      inOrder.delete(entry.position);
      return byId.delete(id);
    },
    all: () => Array.from(byId.values(), ({ record }) => record),
    newestFirst: (before) => inOrder.newestFirst(before),
    audienceOf: (accountId) => audienceOf(accountId).map(({ record }) => record.id),
  };
}
