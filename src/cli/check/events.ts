import { sampleEvent } from '../../events/samples.js';
import type { EventType, WebhookEvent } from '../../events/types.js';
import { toWire } from '../../events/wire.js';
import type { Random } from './random.js';

/** An event that the platform could send. */
export interface CheckEvent {
  readonly id: string;
  readonly type: string;
  readonly wire: WireEvent;
  /** The compact JSON, which `JSON.stringify(JSON.parse(json))` reproduces. */
  readonly json: string;
}

interface WireEvent extends Record<string, unknown> {
  readonly data: Record<string, unknown>;
}

/** The differences from the sample of the type. */
export interface EventOverrides {
  /** Milliseconds since 1970 of the signed timestamp. */
  readonly timestampMs?: number | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly envelope?: Readonly<Record<string, unknown>> | undefined;
}

export interface EventFactory {
  /** Creates an event with an id of its own. An unknown name gives an event of that unknown type. */
  create(type: EventType | 'ping' | (string & Record<never, never>), overrides?: EventOverrides): CheckEvent;
}

function createSample(type: string): WebhookEvent {
  return type.startsWith('later.')
    ? sampleEvent('unknown', { type })
    : sampleEvent(type as EventType | 'ping');
}

/** Creates the events of a run. Their ids are the same in each run with the same seed. */
export function createEventFactory(random: Random, now: () => number): EventFactory {
  /** Gives each event resources of its own, for endpoints that handle each deployment once. */
  const renewId = ([name, value]: [string, unknown]): [string, unknown] =>
    name.endsWith('_id') && typeof value === 'string'
      ? [name, `${value.split('_')[0] ?? ''}_${random.hex(8)}`]
      : [name, value];

  return {
    create(type, { timestampMs = now(), data, envelope } = {}) {
      const id = `evt_check_${random.hex(16)}`;
      const sample = toWire(createSample(type)) as WireEvent;
      const wire: WireEvent = {
        ...sample,
        id,
        timestamp: new Date(timestampMs).toISOString(),
        account_id: 'acc_check',
        data: { ...Object.fromEntries(Object.entries(sample.data).map(renewId)), ...data },
        ...envelope,
      };
      return { id, type, wire, json: JSON.stringify(wire) };
    },
  };
}
