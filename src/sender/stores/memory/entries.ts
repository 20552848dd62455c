import type { AttemptRecord, DeliveryRecord, EndpointRecord, EventRecord } from '../../records.js';

/** An endpoint and its position in the order of creation. An update replaces the record. */
export interface EndpointEntry {
  readonly position: number;
  record: EndpointRecord;
}

/** An event and the deliveries of it that are kept. `events.ts` changes it. */
export interface EventEntry {
  readonly record: EventRecord;
  readonly deliveries: DeliveryEntry[];
  /** False while steps of its publishing are left. The event is not forgotten until then. */
  isPublished: boolean;
  /** Its position among the events without deliveries, if it is one of them. */
  unheardPosition: number | undefined;
}

/** A delivery with its event, its attempts and its position in the order of creation. `deliveries.ts` changes it. */
export interface DeliveryEntry {
  readonly position: number;
  readonly event: EventEntry;
  readonly attempts: AttemptRecord[];
  record: DeliveryRecord;
}
