// One notifier serves all requests of an isolate: their messages share a queue, although workerd isolates the I/O of each request.
import { createSlackNotifier } from '@hostwares/webhooks/notifiers';
import { sampleEvent } from '@hostwares/webhooks/testing';

const notify = createSlackNotifier({ url: 'https://hooks.slack.com/services/T0/B0/x', timeoutMs: 5_000 });

export default {
  async fetch(request) {
    const site_name = new URL(request.url).pathname.slice(1);
    await notify(sampleEvent('deployment.failed', { data: { site_name } }));
    return new Response('sent');
  },
};
