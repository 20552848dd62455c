import { runCli } from '../../../src/cli/run.js';
import { createTestContext, type TestContextOptions } from '../../support/cli-context.js';

/** The result of a run of the command. */
export interface DiagnoseRun {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `diagnose` with the capture on standard input. */
export async function runDiagnose(
  capture: string | Uint8Array,
  args: readonly string[] = [],
  options: TestContextOptions = {},
): Promise<DiagnoseRun> {
  const context = createTestContext({ ...options, stdin: capture });
  const exitCode = await runCli(['diagnose', ...args], context);
  return { exitCode, out: context.out(), err: context.err() };
}
