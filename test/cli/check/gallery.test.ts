import { describe, expect, it } from 'vitest';
import { EffectLog } from './gallery/endpoint.ts';
import { gallery } from './gallery/index.ts';
import { findingsOf, runWithProbe, shortTimings, withEndpoint } from './support.ts';

describe('check, on an endpoint of the gallery', () => {
  it.concurrent.each(gallery)(
    'names its faults and nothing else: $name',
    { timeout: 60_000 },
    async ({ create, findings, says, effects }) => {
      const log = effects?.() ?? new EffectLog();
      const timings = {
        ...shortTimings,
        ...(findings.includes('responds') && { responseMs: 300 }),
        ...(findings.includes('stays-available') && { responseMs: 1_000 }),
      };
      const run = await withEndpoint(create(log), log.probe, (url, probeUrl) =>
        runWithProbe(url, probeUrl, { timings }),
      );
      const found = findingsOf(run);
      expect(found.map(({ id, detail }) => `${id}: ${detail}`).join('\n')).toMatch(says ?? /^/);
      expect(found.map(({ id }) => id).sort()).toEqual([...findings].sort());
    },
  );
});
