const lib = require('@hostwares/webhooks');
const notifiers = require('@hostwares/webhooks/notifiers');
const testing = require('@hostwares/webhooks/testing');

void import('./suite.mjs').then(async ({ print, runSuite }) => {
  const result = await runSuite(lib, testing, notifiers);
  // Both copies in one program: errors of one must be known to the other.
  const esm = await import('@hostwares/webhooks');
  const error = await esm.verifyWebhook({ body: '', headers: {} }, { secret: 'x' }).catch((caught) => caught);
  if (!lib.isWebhookError(error)) result.failures.push('ESM error in CJS');
  print(result);
});
