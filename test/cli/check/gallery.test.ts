import { describe, expect, it } from 'vitest';
import { createCareful } from './gallery/careful.ts';
import { EffectLog, type GalleryEvent } from './gallery/endpoint.ts';
import { gallery } from './gallery/index.ts';
import { isLong } from '../../support/long.ts';
import { findingsOf, runWithProbe, shortTimings, withEndpoint } from './support.ts';

/** The short form tries every fourth endpoint. */
const tried = gallery.filter((_, index) => isLong || index % 4 === 0);

describe('check, on an endpoint of the gallery', () => {
  it.concurrent.each(tried)(
    'names its faults and nothing else: $name',
    { timeout: 60_000 },
    async ({ create, findings, says, effects, timings, only }) => {
      const log = effects?.() ?? new EffectLog();
      const run = await withEndpoint(create(log), log.probe, (url, probeUrl) =>
        runWithProbe(url, probeUrl, { timings: { ...shortTimings, ...timings }, only }),
      );
      const found = findingsOf(run);
      expect(found.map(({ id, detail }) => `${id}: ${detail}`).join('\n')).toMatch(says ?? /^/);
      expect(found.map(({ id }) => id).sort()).toEqual([...findings].sort());
    },
  );
});

describe('check', () => {
  it('warns if a response is slower than a third of the time that the platform waits', async () => {
    const log = new EffectLog();
    const run = await withEndpoint(createCareful(log), log.probe, (url, probeUrl) =>
      runWithProbe(url, probeUrl, { only: ['response-time'], timings: { ...shortTimings, slowMs: -1 } }),
    );
    expect(findingsOf(run)).toMatchObject([{ id: 'response-time', state: 'warn' }]);
  });

  it('proves nothing if an event that was signed long ago is accepted', async () => {
    const log = new EffectLog();
    const endpoint = createCareful(log, { parse: (body) => JSON.parse(body.toString()) as GalleryEvent });
    const run = await withEndpoint(endpoint, log.probe, (url, probeUrl) =>
      runWithProbe(url, probeUrl, { only: ['old-event'] }),
    );
    expect(run.results.find(({ id }) => id === 'old-event')).toMatchObject({
      state: 'not-proven',
      detail: expect.stringContaining('signed 30 days ago') as string,
    });
  });
});
