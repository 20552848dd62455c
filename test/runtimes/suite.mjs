// Runs the conformance suite on a copy of the package. Imports no node: module, so that every runtime can load it.
import { conformanceCases } from './receiver-suite.js';
import { notifierCases } from './notifiers-suite.js';

export async function runSuite(lib, testing, notifiers) {
  const failures = [];
  const cases = [...conformanceCases(lib, testing), ...notifierCases(notifiers, testing)];
  for (const { name, run } of cases) {
    try {
      await run();
    } catch (error) {
      failures.push(`${name}: ${error?.message ?? error}`);
    }
  }
  if (cases.length < 20) failures.push(`only ${cases.length} cases`);
  return { passed: cases.length - failures.length, failures };
}

export function print({ passed, failures }) {
  for (const failure of failures) console.log(`FAIL ${failure}`);
  console.log(`SUITE ${passed} passed, ${failures.length} failed`);
}
