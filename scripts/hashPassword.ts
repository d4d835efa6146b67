import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { hashPassword } from '../common/passwordHash.ts';

// npm run --silent hash-password: reads a password (a line of standard input, not shown), prints its hash for ADMIN_USERS.

const isTerminal = process.stdin.isTTY === true;
if (isTerminal) process.stderr.write('Password: ');
const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
const lines = createInterface({ input: process.stdin, output: unseen, terminal: isTerminal });
const { value: password = '' } = await lines[Symbol.asyncIterator]().next();
lines.close();
if (isTerminal) process.stderr.write('\n');
if (password.length < 8) {
  process.stderr.write('a password must have at least 8 characters; run it again\n');
  process.exitCode = 1;
} else process.stdout.write(`${await hashPassword(password)}\n`);
