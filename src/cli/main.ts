#!/usr/bin/env node
import process from 'node:process';
import { runCli } from './run.js';

/** Aborted by Ctrl-C, and when nobody reads the output any more (`| head`). A second Ctrl-C ends the process at once. */
function createSignal(): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, abort);
  for (const output of [process.stdout, process.stderr]) output.on('error', abort);
  return controller.signal;
}

void runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signal: createSignal(),
}).then((exitCode) => {
  // Not process.exit, which would cut off output that is still being written to a pipe.
  process.exitCode = exitCode;
  // A read of the terminal that is still pending would keep the process alive.
  process.stdin.destroy();
});
