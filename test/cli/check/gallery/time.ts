// Faults of the timestamp check.
import { createCareful, header, Rejection } from './careful.ts';
import type { GalleryEndpoint } from './endpoint.ts';

type Headers = NodeJS.Dict<string | string[]>;

const nowSeconds = () => Date.now() / 1_000;

function faulty(
  name: string,
  findings: readonly string[],
  isAccepted: (timestamp: string | undefined) => boolean,
): GalleryEndpoint {
  const checkTimestamp = (headers: Headers): void => {
    if (!isAccepted(header(headers, 'x-hostwares-timestamp'))) throw new Rejection(401);
  };
  return { name, findings, create: (effects) => createCareful(effects, { checkTimestamp }) };
}

const strict = (timestamp = ''): number => (/^\d{1,15}$/.test(timestamp) ? Number(timestamp) : 0);

export const timeFaults: readonly GalleryEndpoint[] = [
  faulty('no timestamp check', ['stale-timestamp'], () => true),
  faulty(
    'a timestamp that is checked only if it is there',
    ['missing-timestamp'],
    (text) => !text || Math.abs(nowSeconds() - strict(text)) <= 300,
  ),
  faulty(
    'only old timestamps are rejected',
    ['future-timestamp'],
    (text) => nowSeconds() - strict(text) <= 300,
  ),
  faulty(
    'a tolerance of an hour',
    ['stale-timestamp', 'future-timestamp'],
    (text) => Math.abs(nowSeconds() - strict(text)) <= 3_600,
  ),
  faulty(
    'NaN passes the comparison',
    ['malformed-timestamp', 'lenient-timestamp', 'timestamp-twice'],
    (text) => text !== undefined && text !== '' && !(Math.abs(nowSeconds() - Number(text)) > 300),
  ),
  faulty(
    'parseInt',
    ['lenient-timestamp', 'timestamp-twice'],
    (text = '') => Math.abs(nowSeconds() - Number.parseInt(text, 10)) <= 300,
  ),
];
