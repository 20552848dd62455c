import * as lib from '@hostwares/webhooks';
import * as notifiers from '@hostwares/webhooks/notifiers';
import * as testing from '@hostwares/webhooks/testing';
import { runSuite } from './suite.mjs';

export default {
  async fetch() {
    return Response.json({
      ...(await runSuite(lib, testing, notifiers)),
      hasNodeCrypto: typeof globalThis.process?.getBuiltinModule?.('node:crypto')?.createHmac === 'function',
    });
  },
};
