import * as lib from '@hostwares/webhooks';
import * as testing from '@hostwares/webhooks/testing';
import { print, runSuite } from './suite.mjs';

print(await runSuite(lib, testing));
