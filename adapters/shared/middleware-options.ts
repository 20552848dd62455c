import type { ReceiverOptions } from '../../src/index.js';

/** Options of the middlewares: the options of a receiver that concern verification. */
export type MiddlewareOptions = Pick<
  ReceiverOptions,
  'secret' | 'toleranceSeconds' | 'maxBodyBytes' | 'now' | 'logger' | 'onRejected'
>;
