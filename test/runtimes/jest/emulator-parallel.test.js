// A second file: with more than one worker, it runs at the same time as emulator.test.js.
const { startEmulator } = require('@hostwares/webhooks/emulator');

test('two emulators in one file have ports of their own', async () => {
  const [first, second] = await Promise.all([startEmulator(), startEmulator()]);
  expect(first.url).not.toBe(second.url);
  for (const { url } of [first, second]) expect((await fetch(`${url}/emulator`)).status).toBe(200);
  await Promise.all([first.stop(), second.stop()]);
});
