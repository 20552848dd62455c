// Loads the modules that the library imports on demand. Otherwise Stryker attributes their constants to the first test
// that loads them, runs no other test on mutants of these constants, and reports them as survived.
import '../../src/receiver/apply-schema.js';
import '../../src/receiver/dispatch.js';
import '../../src/receiver/reload.js';
import '../../src/receiver/reporter.js';
import '../../src/replay/guard.js';
import '../../src/verify/explain.js';
