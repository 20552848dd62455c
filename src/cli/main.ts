#!/usr/bin/env node
import process from 'node:process';
import { runCli } from './run.js';

/** A second Ctrl-C ends the process at once. */
function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort();
    });
  }
  return controller.signal;
}

void runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: abortOnInterrupt(),
}).then((exitCode) => {
  // Not process.exit, which would cut off output that is still being written to a pipe.
  process.exitCode = exitCode;
});
