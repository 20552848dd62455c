import { WebhookError } from '../errors.js';
import type { WebhookEvent } from '../events/types.js';
import type { EventClaim, ReplayGuard } from '../replay/guard.js';
import { withTimeout } from '../shared/with-timeout.js';
import { bodyBytes } from '../verify/body.js';
import { prepareVerification, verifyRequest, type Verification } from '../verify/verify.js';
import type { Report } from './report.js';
import type { ReceiveInput, ReceiverOptions } from './types.js';

/** How long the secret function may take to settle, in milliseconds. */
const secretMs = 5_000;

/** A request that was admitted. */
export interface Admission {
  /** The event as it was verified. */
  readonly verifiedEvent: WebhookEvent;
  /** The event as handlers get it: a schema may have replaced its `data`. */
  readonly event: unknown;
  /** The claim on the event, or `done` if the event was handled before. Undefined without replay protection. */
  readonly claim: EventClaim | undefined;
}

/** Decides which requests reach the handlers. */
export interface Gate {
  /** Verifies a request, applies the schema, and claims the event. Rejects if the request does not pass. */
  readonly admit: (input: ReceiveInput) => Promise<Admission>;
  readonly applySchema: (event: WebhookEvent) => Promise<unknown>;
}

/** Starts to load a part that only some receivers use. If that fails, each request that awaits it is rejected (500). */
function load<Part>(part: Promise<Part>): Promise<Part> {
  part.catch(() => undefined);
  return part;
}

/** Checks the options of the verification. Gives a secret function a deadline. */
function prepare(options: ReceiverOptions): Verification {
  const verification = prepareVerification(options);
  const { secrets } = verification;
  if (typeof secrets !== 'function') return verification;
  const timeout = { timeoutMs: secretMs, code: 'misconfigured', subject: 'secret function' } as const;
  return { ...verification, secrets: (context) => withTimeout(secrets(context), timeout) };
}

export function createGate(options: ReceiverOptions, report: Report): Gate {
  const { replay, schemas } = options;
  const verification = prepare(options);
  const guardLoading: Promise<ReplayGuard> | undefined =
    replay &&
    load(
      import('../replay/guard.js').then(({ createReplayGuard }) => createReplayGuard(replay, verification)),
    );
  const schemaLoading =
    schemas && load(import('./apply-schema.js').then(({ createSchemaStep }) => createSchemaStep(schemas)));

  const willReport = (error: WebhookError) => report((reporter) => reporter.willReport(error));
  const applySchema = async (event: WebhookEvent): Promise<unknown> =>
    schemaLoading ? (await schemaLoading)(event) : event;

  return {
    applySchema,
    async admit({ method = 'POST', headers, body, adapterContext }) {
      if (method !== 'POST') throw new WebhookError('method_not_allowed');
      const verifiedEvent = await verifyRequest(verification, {
        headers,
        getBody:
          typeof body === 'function' ? body : (maxBytes) => bodyBytes(body === null ? '' : body, maxBytes),
        adapterContext,
        willReport,
      });
      const event = schemaLoading ? await applySchema(verifiedEvent) : verifiedEvent;
      const claim = guardLoading && (await (await guardLoading).claim(verifiedEvent));
      return { verifiedEvent, event, claim };
    },
  };
}
