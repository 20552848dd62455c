import { eventTypes } from '../../../events/types.js';
import type { EventOverrides } from '../events.js';
import type { Check } from '../types.js';
import { expectAcknowledged } from './deliver.js';

interface GenuineCheck extends Pick<Check, 'id' | 'title' | 'why' | 'fix'> {
  readonly type: string;
  readonly overrides?: EventOverrides;
  readonly what: string;
}

const genuineCheck = ({ type, overrides, what, ...check }: GenuineCheck): Check => ({
  ...check,
  group: 'genuine',
  severity: 'major',
  async run(context) {
    const event = context.events.create(type, overrides);
    return expectAcknowledged(context, { event, body: event.json, what });
  },
});

const eventChecks = eventTypes.map((type) =>
  genuineCheck({
    id: `event-${type}`,
    title: `acknowledges ${type}`,
    why: `The platform retries ${type} five times, and then disables the endpoint for all events.`,
    fix: 'Answer 2xx to every event type, also to those that you do not use.',
    type,
    what: type,
  }),
);

export const genuineChecks: readonly Check[] = [
  ...eventChecks,
  genuineCheck({
    id: 'ping',
    title: 'acknowledges the ping',
    why: 'The platform sends a ping when an endpoint is saved, to verify that it works.',
    fix: 'Answer 2xx to an event of the type `ping`. It is signed like any other.',
    type: 'ping',
    what: 'a ping',
  }),
  genuineCheck({
    id: 'unknown-type',
    title: 'acknowledges an event of an unknown type',
    why: 'The platform may add event types. An endpoint that rejects them is disabled when the first one arrives.',
    fix: 'Answer 2xx to types that you do not know, and log them.',
    type: 'later.version',
    what: 'an event of the type later.version',
  }),
  genuineCheck({
    id: 'extra-fields',
    title: 'acknowledges an event with unknown fields',
    why: 'The platform may add fields to an event. An endpoint that rejects them is disabled.',
    fix: 'Let schemas pass unknown fields (in Zod: `looseObject`), in the envelope and in `data`.',
    type: 'deployment.completed',
    overrides: { data: { added_later: { nested: [1, null] } }, envelope: { api_version: '2031-01-01' } },
    what: 'an event with fields that were added later',
  }),
  genuineCheck({
    id: 'null-fields',
    title: 'acknowledges a deployment without a commit and a domain',
    why: 'A deployment of an image has no commit, and a new site no domain: these fields are null or missing.',
    fix: 'Treat `commit_message`, `commit_sha` and `domain` as optional.',
    type: 'deployment.completed',
    overrides: { data: { commit_message: null, commit_sha: undefined, domain: null } },
    what: 'a deployment.completed with null and missing fields',
  }),
  genuineCheck({
    id: 'non-ascii',
    title: 'acknowledges text that is not ASCII',
    why: 'Commit messages are in every language. A signature over decoded or re-encoded text does not match.',
    fix: 'Compute the HMAC over the bytes of the body as they arrived.',
    type: 'deployment.completed',
    overrides: { data: { commit_message: 'Größe geändert: ✓ 42,50 € – 日本語 🚀 \u2028 Zoë' } },
    what: 'an event with text that is not ASCII',
  }),
];
