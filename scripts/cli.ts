import { fileURLToPath } from 'node:url';
import { runCli } from './client/runCli.ts';

// ./scripts/livetran: the command line client.

const terminal = {
  out: (line: string): void => void process.stdout.write(`${line}\n`),
  err: (line: string): void => void process.stderr.write(`${line}\n`),
};
const root = fileURLToPath(new URL('..', import.meta.url));
process.exitCode = await runCli(process.argv.slice(2), { env: process.env, root, terminal });
