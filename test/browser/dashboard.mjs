// The emulator's dashboard in a real browser: every page and action, attacks, and 10,000 deliveries.
//   node test/browser/dashboard.mjs           runs the checks
//   node test/browser/dashboard.mjs --write   also writes docs/emulator/*.png
// ONLY=tour,no-script,attacks,load,pictures runs a part.
import { runAttacks } from './dashboard-attacks.mjs';
import { counts, launch, modes } from './dashboard-browser.mjs';
import { runLoad } from './dashboard-load.mjs';
import { writePictures } from './dashboard-pictures.mjs';
import { runTour, runWithoutScript } from './dashboard-tour.mjs';

const parts = process.env.ONLY?.split(',');
const isWanted = (part) => !parts || parts.includes(part);
const browser = await launch();
try {
  for (const mode of isWanted('tour') ? modes : []) await runTour(browser, mode);
  if (isWanted('no-script')) await runWithoutScript(browser, modes[0]);
  if (isWanted('attacks')) await runAttacks(browser, modes[2]);
  if (isWanted('load')) await runLoad(browser, modes[0]);
  if (process.argv.includes('--write') && isWanted('pictures')) await writePictures(browser);
} finally {
  await browser.close();
}
const { passed, failed } = counts();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
