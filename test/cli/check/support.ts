import { createServer, type RequestListener } from 'node:http';
import { createUrlProbe } from '../../../src/cli/check/probe.ts';
import { runChecks, type CheckRun, type RunOptions } from '../../../src/cli/check/run-checks.ts';
import type { Timings } from '../../../src/cli/check/timings.ts';
import type { CheckResult } from '../../../src/cli/check/types.ts';
import { close, listen } from '../../support/http-server.ts';
import { secret } from './gallery/endpoint.ts';

/** Waits that suit endpoints on the same machine. */
export const shortTimings: Partial<Timings> = {
  dripMs: 5,
  unfinishedMs: 100,
  settleMs: 1_000,
  quietMs: 50,
  pollMs: 20,
};

/** Serves an endpoint, and its probe at `/probe`, while a function runs. */
export async function withEndpoint<Value>(
  endpoint: RequestListener,
  probe: RequestListener,
  act: (url: string, probeUrl: string) => Promise<Value>,
): Promise<Value> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/probe') === true) probe(request, response);
    else endpoint(request, response);
  });
  const base = await listen(server);
  try {
    return await act(`${base}/webhooks/hostwares`, `${base}/probe`);
  } finally {
    await close(server);
  }
}

/** Runs the checks with a probe. */
export function runWithProbe(
  url: string,
  probeUrl: string,
  options: Partial<RunOptions> = {},
): Promise<CheckRun> {
  const { signal } = new AbortController();
  const probe = createUrlProbe(new URL(probeUrl), signal);
  return runChecks({ url: new URL(url), secret, seed: 1, probe, signal, timings: shortTimings, ...options });
}

/** The results that a person has to look at. */
export function findingsOf({ results }: CheckRun): CheckResult[] {
  return results.filter(({ state }) => state === 'fail' || state === 'warn');
}
