import type { EventDataByType, EventOf, EventType, PingData } from './types.js';

/** Complete `data` of each type, including optional fields. */
const sampleData: EventDataByType & { ping: PingData; unknown: Record<string, unknown> } = {
  'deployment.started': {
    site_id: 'site_3kq9',
    site_name: 'shop',
    status: 'DEPLOYING',
    deployment_id: 'dep_81fa',
    branch: 'main',
    commit_message: 'Fix the cart total\n\nRounds once, at the end.',
    commit_sha: '9fceb02d0ae598e95dc970b74767f19372d61af8',
    domain: 'shop.example.com',
  },
  'deployment.completed': {
    site_id: 'site_3kq9',
    site_name: 'shop',
    status: 'RUNNING',
    deployment_id: 'dep_81fa',
    duration_seconds: 42.5,
    commit_message: 'Fix the cart total\n\nRounds once, at the end.',
    commit_sha: '9fceb02d0ae598e95dc970b74767f19372d61af8',
    domain: 'shop.example.com',
  },
  'deployment.failed': {
    site_id: 'site_3kq9',
    site_name: 'shop',
    status: 'FAILED',
    deployment_id: 'dep_81fb',
    stage: 'build',
    error: 'npm run build exited with code 1',
    duration_seconds: 18,
    commit_message: 'Try the new bundler',
    commit_sha: '1b9d6bcd2f6a4c1e8d4f0a7c9b2e5d3f6a8c0e1d',
    domain: 'shop.example.com',
  },
  'site.status_changed': {
    site_id: 'site_3kq9',
    site_name: 'shop',
    status: 'CRASHED',
    previous_status: 'RUNNING',
    reason: 'crash',
    domain: 'shop.example.com',
  },
  'site.created': {
    site_id: 'site_3kq9',
    site_name: 'shop',
    status: 'DEPLOYING',
    type: 'node',
    repository: 'https://git.example.com/acme/shop',
    branch: 'main',
    domain: null,
    created_via: 'dashboard',
  },
  'site.deleted': { site_id: 'site_3kq9', site_name: 'shop', deleted_via: 'api' },
  'domain.configured': { domain: 'shop.example.com', site_id: 'site_3kq9', site_name: 'shop' },
  'ssl.issued': {
    domain: 'shop.example.com',
    site_id: 'site_3kq9',
    site_name: 'shop',
    issuer: "Let's Encrypt",
    expires_at: '2027-02-20T12:00:00.000Z',
  },
  'database.created': {
    database_id: 'db_77c1',
    database_name: 'orders',
    type: 'postgresql',
    status: 'RUNNING',
  },
  'service.deployed': {
    service_id: 'svc_20d4',
    service_name: 'search',
    template: 'meilisearch',
    status: 'RUNNING',
    domain: 'search.example.com',
  },
  'credits.low': { balance: 4.2, limit: 50, percent_remaining: 8.4 },
  'alert.triggered': {
    alert_id: 'alr_5b0e',
    alert_name: 'Memory above 90%',
    metric: 'memory_percent',
    value: 93.1,
    threshold: 90,
    site_id: 'site_3kq9',
    site_name: 'shop',
    severity: 'warning',
  },
  ping: { webhook_id: 'wh_6e2a', events: ['deployment.completed', 'deployment.failed'] },
  unknown: { note: 'an event type of a later version' },
};

/** Overrides of {@link sampleEvent}. `data` is merged field by field; a field set to `undefined` is omitted. */
export interface SampleOverrides<Data> {
  id?: string | undefined;
  timestamp?: string | undefined;
  account_id?: string | undefined;
  data?: { [Name in keyof Data]?: Data[Name] | undefined } | undefined;
  /** Only for `'unknown'`: the name on the wire. */
  type?: string | undefined;
}

/**
 * Creates a complete, realistic event of the given type, for tests. Each call returns a new `id` and the
 * current time; set them with `overrides` if a test compares them.
 *
 * @throws `TypeError` for a name that is not an event type.
 *
 * @example
 * const event = sampleEvent('deployment.completed', { data: { commit_sha: null } });
 */
export function sampleEvent<Type extends EventType | 'ping' | 'unknown'>(
  type: Type,
  overrides: SampleOverrides<EventOf<Type>['data']> = {},
): EventOf<Type> {
  if (!Object.hasOwn(sampleData, type)) {
    throw new TypeError(
      `${JSON.stringify(type)} is not an event type. Known: ${Object.keys(sampleData).join(', ')}.`,
    );
  }
  const {
    id = `evt_${crypto.randomUUID().replaceAll('-', '')}`,
    timestamp = new Date().toISOString(),
    account_id = 'acc_19c3',
    type: wireType = 'later.version',
    data,
  } = overrides;
  const fields = Object.entries({ ...structuredClone(sampleData[type]), ...data });
  return {
    id,
    event: type,
    ...(type === 'unknown' && { type: wireType }),
    timestamp,
    account_id,
    // As on the wire: JSON has no `undefined`.
    data: Object.fromEntries(fields.filter(([, value]) => value !== undefined)),
  } as unknown as EventOf<Type>;
}
