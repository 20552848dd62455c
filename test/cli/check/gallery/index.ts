import type { GalleryEndpoint } from './endpoint.ts';
import { expressFaults } from './express.ts';
import { handlingFaults } from './handling.ts';
import { httpFaults } from './http.ts';
import { timeFaults } from './time.ts';
import { verificationFaults } from './verification.ts';

/** Every endpoint of the gallery. */
export const gallery: readonly GalleryEndpoint[] = [
  ...expressFaults,
  ...verificationFaults,
  ...timeFaults,
  ...handlingFaults,
  ...httpFaults,
];
