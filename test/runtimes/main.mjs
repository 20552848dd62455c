import * as lib from '@hostwares/webhooks';
import * as notifiers from '@hostwares/webhooks/notifiers';
import * as testing from '@hostwares/webhooks/testing';
import { print, runSuite } from './suite.mjs';

print(await runSuite(lib, testing, notifiers));
