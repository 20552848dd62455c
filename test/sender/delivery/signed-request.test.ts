// The request of an attempt, in full.
import { expect, it } from 'vitest';
import { signPayload } from '../../../src/index.js';
import { answered, failedDeployment, secret, url, useSenderHarness } from '../../support/sender-harness.js';
import { createMemoryStore } from '../../../src/sender/index.js';

const t = useSenderHarness(createMemoryStore);

it('a request has the endpoint url, the attempt timeout, and four headers', async () => {
  const sender = t.createSender({ attemptTimeoutMs: 7_000 });
  await t.createEndpoint(sender);
  t.answer = () => answered(200);
  t.clock.advance(999);
  await sender.publish(failedDeployment());
  await sender.runUntilIdle();
  const { request } = t.sent[0]!;
  expect(request).toEqual({
    url,
    timeoutMs: 7_000,
    body: request.body,
    headers: {
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Hostwares-Webhooks\/\d/) as string,
      'x-hostwares-signature': await signPayload(request.body, secret),
      'x-hostwares-timestamp': String(t.startedMs / 1_000),
    },
  });
});
