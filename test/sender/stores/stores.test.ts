// The suites that every store must pass. The contract and model tests cover the behaviour of the sender on each store.
import { describe } from 'vitest';
import { stores } from '../../support/sender-stores.js';
import { describeAccounts } from './accounts-suite.js';
import { describeClaiming } from './claiming-suite.js';
import { describeIdempotencyKeys } from './idempotency-suite.js';
import { describePages } from './pages-suite.js';
import { describePublishing } from './publishing-suite.js';
import { describeRetention } from './retention-suite.js';
import { describeRows } from './rows-suite.js';
import { describeTexts } from './texts-suite.js';
import { describeTurns } from './turns-suite.js';
import { describeWaiting } from './waiting-suite.js';

describe.each(stores)('the $name store', ({ open }) => {
  describeRows(open);
  describePublishing(open);
  describeClaiming(open);
  describeTurns(open);
  describeWaiting(open);
  describePages(open);
  describeRetention(open);
  describeIdempotencyKeys(open);
  describeAccounts(open);
  describeTexts(open);
});
