import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('./createLogger.ts', import.meta.url));

test('node and name are bound to each line, also of a child', async () => {
  const script = `
    import { createLogger } from ${JSON.stringify(source)};
    const log = createLogger({ level: 'info', name: 'worker', node: 'host-1' });
    log.info('first');
    log.child({ streamId: 'show' }).info('second');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  const lines = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as object);
  expect(lines).toEqual([
    expect.objectContaining({ name: 'worker', node: 'host-1', msg: 'first' }),
    expect.objectContaining({ name: 'worker', node: 'host-1', msg: 'second', streamId: 'show' }),
  ]);
});

test('on a terminal the lines are for people', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'livetran-log-'));
  try {
    const program = join(dir, 'program.mjs');
    const line = "info({ streamId: 'show', reason: 'listening' }, 'listener open')";
    const text = `import { createLogger } from '${source}'; createLogger({ level: 'info', name: 'worker' }).${line};`;
    await writeFile(program, text);
    // script(1) gives the program a terminal.
    const run = promisify(execFile)('script', ['-qec', `'${process.execPath}' '${program}'`, '/dev/null']);
    expect((await run).stdout.trim()).toMatch(
      /^\d\d:\d\d:\d\d worker {2}listener open {2}streamId=show {2}reason=listening$/,
    );
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('keys, passphrases and URLs that hold them are not shown', async () => {
  const script = `
    import { createLogger } from ${JSON.stringify(source)};
    const log = createLogger({ level: 'info', name: 'worker' });
    log.info({ passphrase: 'open sesame', stream: { passphrase: 'open sesame', srtUrl: 'open sesame', token: 'open sesame' } });`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout).toContain('"passphrase":"[redacted]"');
  expect(stdout).not.toContain('sesame');
});
