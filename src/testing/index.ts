/**
 * Helps you test a webhook endpoint: genuine signed requests, sample events, a clock that tests advance, and a suite
 * for your own replay store. Not for production.
 *
 * @module testing
 */
export { replayStoreCases } from './replay-store-cases.js';
export type { ReplayStoreCase, ReplayStoreHarness } from './replay-store-cases.js';
export { sampleEvent } from '../events/samples.js';
export type { SampleOverrides } from '../events/samples.js';
export { sendTestEvent } from './send-test-event.js';
export type { SendTestEventOptions, TestEventResponse } from './send-test-event.js';
export { createSignedRequest } from './signed-request.js';
export type { SignedRequestOptions, TestEvent } from './signed-request.js';
export { createVirtualClock } from './virtual-clock.js';
export type { VirtualClock } from './virtual-clock.js';
