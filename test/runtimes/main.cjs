const lib = require('@hostwares/webhooks');
const notifiers = require('@hostwares/webhooks/notifiers');
const testing = require('@hostwares/webhooks/testing');

void import('./suite.mjs').then(async ({ print, runSuite }) => {
  const result = await runSuite(lib, testing, notifiers);
  // Loads both builds in one program: each must recognise the errors of the other.
  const esm = await import('@hostwares/webhooks');
  const error = await esm.verifyWebhook({ body: '', headers: {} }, { secret: 'x' }).catch((caught) => caught);
  if (!lib.isWebhookError(error)) result.failures.push('ESM error in CJS');
  print(result);
});
