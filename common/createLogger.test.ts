import { execFile } from 'node:child_process';
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
