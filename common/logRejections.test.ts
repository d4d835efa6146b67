import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);

const program = `
  const { createLogger } = await import(${module('./createLogger.ts')});
  const { logRejections } = await import(${module('./logRejections.ts')});
  logRejections(createLogger({ level: 'info', name: 'test' }));
  Promise.reject(new Error('one'));
  Promise.reject('no error');
  setTimeout(() => console.log('still here'), 50);
`;

test('a process outlives a rejection that nothing handled, and logs it', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  const lines = stdout.trim().split('\n');
  // The log is written in the background, so it may come later.
  expect(lines).toContain('still here');
  expect(lines.filter(line => line.includes('unhandled rejection'))).toHaveLength(2);
  expect(lines.filter(line => line.includes('"one"'))).toHaveLength(1);
});
