import { fileURLToPath } from 'node:url';
import { runCli } from './cli/runCli.ts';

// ./scripts/livetran: the command line client.

// `livetran list | head` closes the pipe early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const terminal = {
  out: (line: string): void => void process.stdout.write(`${line}\n`),
  err: (line: string): void => void process.stderr.write(`${line}\n`),
};
const root = fileURLToPath(new URL('..', import.meta.url));
process.exitCode = await runCli(process.argv.slice(2), { env: process.env, root, terminal });
