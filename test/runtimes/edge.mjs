import * as lib from '@hostwares/webhooks';
import * as notifiers from '@hostwares/webhooks/notifiers';
import * as testing from '@hostwares/webhooks/testing';
import { runSuite } from './suite.mjs';

globalThis.result = runSuite(lib, testing, notifiers);
