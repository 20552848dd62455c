import { describe, expectTypeOf, it } from 'vitest';
import {
  createReceiver,
  eventTypes,
  isEventType,
  parseEvent,
  verifyWebhook,
  type EventDataByType,
  type EventOf,
  type EventType,
  type Handler,
  type PingEvent,
  type Receiver,
  type UnknownEvent,
  type WebhookEvent,
} from '../../src/index.js';
import {
  createDiscordNotifier,
  createPagerDutyNotifier,
  createSlackNotifier,
} from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';
import { z } from 'zod';

type IsAny<T> = 0 extends 1 & T ? true : false;

declare const event: WebhookEvent;
const never = (value: never): never => value;

describe('the union', () => {
  it('has twelve types, ping and unknown', () => {
    expectTypeOf<WebhookEvent['event']>().toEqualTypeOf<EventType | 'ping' | 'unknown'>();
    expectTypeOf<EventType>().toEqualTypeOf<
      | 'deployment.started'
      | 'deployment.completed'
      | 'deployment.failed'
      | 'site.status_changed'
      | 'site.created'
      | 'site.deleted'
      | 'domain.configured'
      | 'ssl.issued'
      | 'database.created'
      | 'service.deployed'
      | 'credits.low'
      | 'alert.triggered'
    >();
    expectTypeOf(eventTypes).toEqualTypeOf<readonly EventType[]>();
  });

  it('narrows in a switch, which can be exhaustive', () => {
    switch (event.event) {
      case 'deployment.completed':
        expectTypeOf(event.data.duration_seconds).toEqualTypeOf<number>();
        expectTypeOf(event.data.commit_sha).toEqualTypeOf<string | null | undefined>();
        break;
      case 'deployment.started':
      case 'deployment.failed':
        expectTypeOf(event.data.deployment_id).toEqualTypeOf<string>();
        break;
      case 'site.status_changed':
        expectTypeOf(event.data.status).toExtend<string>();
        break;
      case 'site.created':
      case 'site.deleted':
        expectTypeOf(event.data.site_id).toEqualTypeOf<string>();
        break;
      case 'domain.configured':
      case 'ssl.issued':
        expectTypeOf(event.data.domain).toEqualTypeOf<string>();
        break;
      case 'database.created':
        expectTypeOf(event.data.database_id).toEqualTypeOf<string>();
        break;
      case 'service.deployed':
        expectTypeOf(event.data.service_id).toEqualTypeOf<string>();
        break;
      case 'credits.low':
        expectTypeOf(event.data.balance).toEqualTypeOf<number>();
        break;
      case 'alert.triggered':
        expectTypeOf(event.data.alert_id).toEqualTypeOf<string>();
        break;
      case 'ping':
        expectTypeOf(event).toEqualTypeOf<PingEvent>();
        break;
      case 'unknown':
        expectTypeOf(event).toEqualTypeOf<UnknownEvent>();
        expectTypeOf(event.data).toEqualTypeOf<unknown>();
        break;
      default:
        never(event);
    }
  });

  it('does not compile in a switch that omits a type', () => {
    if (event.event === 'ping' || event.event === 'unknown') return;
    switch (event.event) {
      case 'deployment.started':
        break;
      default:
        // @ts-expect-error eleven types are left
        never(event);
    }
  });

  it('rejects names that are not event types', () => {
    // @ts-expect-error the name has a typo
    if (event.event === 'deployment.complete') return;
  });

  it('contains no any', () => {
    type Fields = { [T in EventType]: EventDataByType[T][keyof EventDataByType[T]] }[EventType];
    expectTypeOf<IsAny<Fields>>().toEqualTypeOf<false>();
    type AnyFields = {
      [T in EventType]: {
        [F in keyof EventDataByType[T]]: IsAny<EventDataByType[T][F]>;
      }[keyof EventDataByType[T]];
    }[EventType];
    expectTypeOf<Exclude<AnyFields, undefined>>().toEqualTypeOf<false>();
    expectTypeOf<IsAny<WebhookEvent['data']>>().toEqualTypeOf<false>();
  });

  it('has open enums with known values', () => {
    expectTypeOf<EventOf<'site.status_changed'>['data']['status']>().toExtend<string>();
    expectTypeOf<'CRASHED'>().toExtend<EventOf<'site.status_changed'>['data']['status']>();
    expectTypeOf<string>().toExtend<EventOf<'site.status_changed'>['data']['status']>();
  });
});

describe('functions', () => {
  it('return events', () => {
    expectTypeOf(verifyWebhook).returns.resolves.toEqualTypeOf<WebhookEvent>();
    expectTypeOf(parseEvent).returns.toEqualTypeOf<WebhookEvent>();
    expectTypeOf(sampleEvent('credits.low')).toEqualTypeOf<EventOf<'credits.low'>>();
    const name = 'x' as string;
    if (isEventType(name)) expectTypeOf(name).toEqualTypeOf<EventType>();
  });

  it('accept a secret, several, or a function that may return none', () => {
    createReceiver({ secret: 'x' });
    createReceiver({ secret: ['x', new Uint8Array(1)] });
    createReceiver({ secret: () => undefined as string | undefined });
    createReceiver({ secret: async () => ['x'] });
    // @ts-expect-error a plain secret must not be undefined
    createReceiver({ secret: undefined as string | undefined });
    // @ts-expect-error there is no default secret
    createReceiver({});
  });
});

describe('a receiver', () => {
  const receiver = createReceiver({ secret: 'x' });

  it('narrows for one type and for a list', () => {
    receiver.on('credits.low', (each) => {
      expectTypeOf(each).toEqualTypeOf<EventOf<'credits.low'>>();
    });
    receiver.on(['site.created', 'site.deleted'], (each) => {
      expectTypeOf(each).toEqualTypeOf<EventOf<'site.created' | 'site.deleted'>>();
    });
    receiver.on(eventTypes, (each) => {
      expectTypeOf(each).toEqualTypeOf<EventOf<EventType>>();
    });
    receiver.on('ping', (each) => {
      expectTypeOf(each.data.webhook_id).toEqualTypeOf<string>();
    });
    receiver.onUnknown((each) => {
      expectTypeOf(each.type).toEqualTypeOf<string>();
    });
    receiver.onAny((each) => {
      expectTypeOf(each).toEqualTypeOf<WebhookEvent>();
    });
    // @ts-expect-error the name has a typo
    receiver.on('deployment.complete', () => undefined);
    // @ts-expect-error for unknown types there is onUnknown
    receiver.on('unknown', () => undefined);
    expectTypeOf(receiver).toEqualTypeOf<Receiver>();
  });

  it('passes the output of the schema to handlers as data', () => {
    const schemas = {
      'credits.low': z.object({ balance: z.number() }).transform((data) => data.balance),
      'site.deleted': z.object({ site_id: z.string() }),
    };
    const typed = createReceiver({ secret: 'x', schemas });
    typed.on('credits.low', (each) => {
      expectTypeOf(each.data).toEqualTypeOf<number>();
      expectTypeOf(each.id).toEqualTypeOf<string>();
      expectTypeOf(each.event).toEqualTypeOf<'credits.low'>();
    });
    typed.on(['credits.low', 'site.created'], (each) => {
      if (each.event === 'credits.low') expectTypeOf(each.data).toEqualTypeOf<number>();
      else expectTypeOf(each).toEqualTypeOf<EventOf<'site.created'>>();
    });
    typed.onAny((each) => {
      if (each.event === 'site.deleted') expectTypeOf(each.data).toEqualTypeOf<{ site_id: string }>();
    });
    const inAFile: Handler<'credits.low', typeof schemas> = (each) => {
      expectTypeOf(each.data).toEqualTypeOf<number>();
    };
    typed.on('credits.low', inAFile);
    typed.onAny(createSlackNotifier({ url: 'https://hooks.slack.com/services/T/B/x' }));
    typed.on('site.deleted', createDiscordNotifier({ url: 'https://discord.com/api/webhooks/1/x' }));
    typed.on('credits.low', createPagerDutyNotifier({ routingKey: 'x' }));
    createReceiver({
      secret: 'x',
      // @ts-expect-error not an event type
      schemas: { 'credits.lo': z.object({}) },
    });
  });

  it('accepts handlers that are typed with Handler', () => {
    const one: Handler<'deployment.failed'> = (each, { signal }) => {
      expectTypeOf(each).toEqualTypeOf<EventOf<'deployment.failed'>>();
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    };
    const two: Handler<'site.created' | 'site.deleted'> = (each) => {
      expectTypeOf(each).toEqualTypeOf<EventOf<'site.created' | 'site.deleted'>>();
    };
    const any: Handler = (each) => {
      expectTypeOf(each).toEqualTypeOf<WebhookEvent>();
    };
    const unknown: Handler<'unknown'> = (each) => {
      expectTypeOf(each).toEqualTypeOf<UnknownEvent>();
    };
    receiver
      .on('deployment.failed', one)
      .on(['site.created', 'site.deleted'], two)
      .on('site.created', two)
      .on('ping', any)
      .onAny(any)
      .onUnknown(unknown);
    // @ts-expect-error the handler expects another type
    receiver.on('site.created', one);
    // @ts-expect-error the name has a typo
    expectTypeOf<Handler<'deployment.complete'>>().toBeFunction();
  });
});
