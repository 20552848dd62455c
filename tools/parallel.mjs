// Runs shell commands at the same time and prints the output of each once it has ended. The first failure ends the others.
// node tools/parallel.mjs "command" "command" …
import { spawn } from 'node:child_process';

const running = new Set();
let exitCode = 0;

/** Ends the commands that still run, each with the processes that it has started. */
function stopAll() {
  for (const child of running) {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It ended meanwhile.
    }
  }
}

function run(command) {
  const startedMs = performance.now();
  // A process group of its own, which stopAll ends as a whole.
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running.add(child);
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  child.on('close', (code) => {
    running.delete(child);
    if (exitCode !== 0) return;
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    process.stdout.write(Buffer.concat(output));
    console.log(`${code === 0 ? 'ok' : 'FAILED'}: ${command} (${seconds} s)\n`);
    if (code === 0) return;
    exitCode = code ?? 1;
    process.exitCode = exitCode;
    stopAll();
  });
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopAll();
    process.exit(1);
  });
}
process.argv.slice(2).forEach(run);
