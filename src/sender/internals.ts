import type { Clock } from './clock.js';
import type { DeliveryRecord } from './records.js';
import type { SenderStore } from './stores/store.js';
import type { CreatedEndpoint, EndpointInput, Sender } from './types.js';

/** What the API uses of a sender and its users do not need. */
export interface SenderInternals {
  readonly store: SenderStore;
  readonly clock: Clock;
  /** As `createEndpoint`, once for each id. @throws {@link SenderError} `too_many_endpoints` */
  createEndpointOnce(input: EndpointInput, id: string, maxOfAccount: number): Promise<CreatedEndpoint>;
  /** As `redeliver`, once for each id. */
  redeliverOnce(deliveryId: string, id: string): Promise<DeliveryRecord>;
}

export const internals = new WeakMap<Sender, SenderInternals>();
