import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';

// node scripts/lib/busy.ts <loops> [command…]: busy loops, for running something on a machine that has other work. With a
// command it ends when that does, with its exit code; without one at a signal. The loops are threads, so none outlives it.

const USAGE = 'Usage: node scripts/lib/busy.ts <loops> [command...]\n';
const PARENT_CHECK_MS = 500;

const parent = process.ppid;
const [count = '', command, ...args] = process.argv.slice(2);
if (!/^\d{1,3}$/.test(count)) {
  process.stderr.write(USAGE);
  process.exit(2);
}
for (let i = 0; i < Number(count); i += 1) new Worker('for (;;);', { eval: true });

if (command !== undefined) {
  const child = spawn(command, args, { stdio: 'inherit' });
  child.once('error', error => {
    process.stderr.write(`busy: ${error.message}\n`);
    process.exit(127);
  });
  child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  // Ctrl-C in a terminal reaches the command too, which decides when it ends.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
} else {
  process.stdout.write(`${count} busy loops run\n`);
  setInterval(() => process.ppid === parent || process.exit(0), PARENT_CHECK_MS);
}
