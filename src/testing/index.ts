export { replayStoreCases } from './replay-store-cases.js';
export type { ReplayStoreCase, ReplayStoreHarness } from './replay-store-cases.js';
export { sampleEvent } from '../events/samples.js';
export type { SampleOverrides } from '../events/samples.js';
export { createSignedRequest } from './signed-request.js';
export type { SignedRequestOptions } from './signed-request.js';
export { createVirtualClock } from './virtual-clock.js';
export type { VirtualClock } from './virtual-clock.js';
