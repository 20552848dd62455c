// Faults of the handling: duplicates, retries, lost events.
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCareful, handleOnce, header, Rejection, type Steps } from './careful.ts';
import { EffectLog, type GalleryEndpoint, type GalleryEvent } from './endpoint.ts';

interface HandlingFault extends Omit<GalleryEndpoint, 'create'> {
  readonly handle: (effects: EffectLog) => Steps['handle'];
}

const faulty = ({ handle, ...rest }: HandlingFault): GalleryEndpoint => ({
  ...rest,
  create: (effects) => createCareful(effects, { handle: handle(effects) }),
});

/** Handles the events that a set does not have yet, and adds them before that. */
const markFirst = (effects: EffectLog): Steps['handle'] => {
  const seen = new Set<string>();
  return async (event) => {
    if (seen.has(event.id)) return;
    seen.add(event.id);
    await effects.act(event);
  };
};

/** Handles each event once, after a function that may throw. */
const rejecting =
  (reject: (event: GalleryEvent) => void) =>
  (effects: EffectLog): Steps['handle'] => {
    const handle = handleOnce(effects);
    return async (event, headers) => {
      reject(event);
      await handle(event, headers);
    };
  };

export const handlingFaults: readonly GalleryEndpoint[] = [
  faulty({
    name: 'no deduplication',
    handle: (effects) => (event) => effects.act(event),
    findings: ['duplicate'],
    says: /2 effects instead of 1/,
  }),
  faulty({
    name: 'deduplication that looks first and stores later',
    handle: (effects) => {
      const seen = new Set<string>();
      return async (event) => {
        const isSeen = seen.has(event.id);
        await sleep(50);
        if (isSeen) return;
        await effects.act(event);
        seen.add(event.id);
      };
    },
    findings: ['concurrent'],
  }),
  faulty({
    name: 'deduplication by timestamp header',
    handle: (effects) => {
      const seen = new Set<string>();
      return async (event, headers) => {
        const key = event.id + (header(headers, 'x-hostwares-timestamp') ?? '');
        if (seen.has(key)) return;
        seen.add(key);
        await effects.act(event).catch((error: unknown) => {
          seen.delete(key);
          throw error;
        });
      };
    },
    findings: ['replay'],
  }),
  faulty({
    name: 'deduplication that rejects',
    handle: (effects) => {
      const seen = new Set<string>();
      return async (event) => {
        if (seen.has(event.id)) throw new Rejection(409, 'duplicate');
        seen.add(event.id);
        await effects.act(event).catch((error: unknown) => {
          seen.delete(event.id);
          throw error;
        });
      };
    },
    findings: ['duplicate'],
    says: /the second delivery got 409/i,
  }),
  faulty({
    name: 'deduplication that marks before it has handled',
    handle: markFirst,
    findings: ['retry-after-failure'],
    says: /acknowledged but had no effect/,
  }),
  faulty({
    name: 'deduplication that marks before it has handled, seen without failures',
    effects: () => new EffectLog(false),
    // Slow if the event arrives several times at once, so that the probe sees the state in between.
    handle: (effects) => {
      const arrivals = new Map<string, number>();
      return async (event) => {
        arrivals.set(event.id, (arrivals.get(event.id) ?? 0) + 1);
        if ((arrivals.get(event.id) ?? 0) > 1) return;
        await sleep(20);
        if ((arrivals.get(event.id) ?? 0) > 1) await sleep(1_000);
        await effects.act(event);
      };
    },
    findings: ['duplicate-in-progress'],
  }),
  faulty({
    name: '2xx before the work',
    effects: () => new EffectLog(true, 300),
    handle: (effects) => {
      const seen = new Set<string>();
      return async (event) => {
        if (seen.has(event.id)) return;
        seen.add(event.id);
        void effects.act(event).catch(() => undefined);
      };
    },
    findings: ['acknowledged-early', 'failure-acknowledged'],
  }),
  faulty({
    name: '2xx although the handler fails',
    handle: (effects) => {
      const seen = new Set<string>();
      return async (event) => {
        if (seen.has(event.id)) return;
        seen.add(event.id);
        await effects.act(event).catch(() => seen.delete(event.id));
      };
    },
    findings: ['failure-acknowledged'],
  }),
  faulty({
    name: 'large events are dropped silently',
    handle: (effects) => {
      const seen = new Set<string>();
      return async (event) => {
        if (seen.has(event.id) || JSON.stringify(event).length > 100_000) return;
        await effects.act(event);
        seen.add(event.id);
      };
    },
    findings: ['one-effect-each'],
    says: /0 effects of an event of 200 kB/,
  }),
  faulty({
    name: 'a handler that rejects unknown types',
    handle: rejecting((event) => {
      if (event.event.startsWith('later.')) throw new Rejection(422, 'unknown event');
    }),
    findings: ['unknown-type'],
  }),
  faulty({
    name: 'a handler that rejects the ping',
    handle: rejecting((event) => {
      if (event.event === 'ping') throw new Rejection(422, 'unknown event');
    }),
    findings: ['ping'],
  }),
  faulty({
    name: 'a handler that knows eleven types',
    handle: rejecting((event) => {
      if (event.event === 'ssl.issued') throw new Error('not a function');
    }),
    findings: ['event-ssl.issued'],
  }),
  faulty({
    name: 'a strict schema',
    handle: rejecting((event) => {
      if ('added_later' in event.data) throw new Rejection(422, 'unrecognized key');
    }),
    findings: ['extra-fields'],
  }),
  faulty({
    name: 'a commit that is never null',
    handle: rejecting((event) => {
      if (event.event === 'deployment.completed') (event.data.commit_message as string).slice(0, 72);
    }),
    findings: ['null-fields'],
  }),
  faulty({
    name: 'older events are rejected',
    handle: (effects) => {
      let newest = '';
      return rejecting((event) => {
        if (event.event !== 'site.status_changed') return;
        if (event.timestamp < newest) throw new Rejection(422, 'stale');
        newest = event.timestamp;
      })(effects);
    },
    findings: ['out-of-order'],
  }),
  {
    name: 'handling that ends with the connection, but counts as done',
    // Its handling takes long, so that it is still going on when the connection ends.
    only: ['duplicates'],
    create: (effects) => {
      const connections = new Map<string, ServerResponse>();
      const handle = handleOnce({
        async act(event) {
          await sleep(250);
          if (connections.get(event.id)?.destroyed !== true) await effects.act(event);
        },
      });
      return (request, response) => {
        createCareful(effects, {
          async handle(event, headers) {
            const isOwner = !connections.has(event.id);
            if (isOwner) connections.set(event.id, response);
            await handle(event, headers).finally(() => isOwner && connections.delete(event.id));
          },
        })(request, response);
      };
    },
    findings: ['retry-after-cut'],
    says: /acknowledged but had no effect/,
  },
];
