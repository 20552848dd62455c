import type { ReceiverOptions } from '../../src/index.js';

/** Options of the middlewares: those of the receiver that concern verification. Handlers are your own. */
export type MiddlewareOptions = Pick<
  ReceiverOptions,
  'secret' | 'toleranceSeconds' | 'maxBodyBytes' | 'now' | 'logger' | 'onRejected'
>;
