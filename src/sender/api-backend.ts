import type { DeliveryRecord } from './records.js';
import type { SenderStore } from './stores/store.js';
import type { CreatedEndpoint, EndpointInput, Sender } from './types.js';

/** The calls of a sender that `createSenderApi` needs beyond the public ones. */
export interface ApiBackend {
  readonly store: Pick<SenderStore, 'claimIdempotencyKey' | 'storeResponse'>;
  /** Wall time that trusts a step forward only after a day, so that no idempotency key expires early. */
  now(): number;
  /**
   * Creates an endpoint under a given id; called again with that id, it returns the same endpoint.
   *
   * @throws {@link SenderError} `too_many_endpoints`, and as for `Sender.createEndpoint`
   */
  createEndpoint(input: EndpointInput, id: string, maxOfAccount: number): Promise<CreatedEndpoint>;
  /** Redelivers under a given id; called again with that id, it returns the same delivery. */
  redeliver(deliveryId: string, id: string): Promise<DeliveryRecord>;
}

/** The backend of each sender. Kept beside the senders, so that it is not part of their public type. */
export const apiBackends = new WeakMap<Sender, ApiBackend>();
