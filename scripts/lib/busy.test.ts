import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { processIdentity } from './processIdentity.ts';
import { waitUntil } from './waitUntil.ts';

const busy = fileURLToPath(new URL('./busy.ts', import.meta.url));

function run(args: readonly string[]): Promise<{ code: unknown; out: string }> {
  return new Promise(done => {
    execFile(process.execPath, [busy, ...args], (error, stdout, stderr) =>
      done({ code: error?.code ?? 0, out: stdout + stderr }),
    );
  });
}

test('runs a command beside busy loops, and ends with its exit code', async () => {
  expect(await run(['1', 'sh', '-c', 'echo done; exit 3'])).toEqual({ code: 3, out: 'done\n' });
});

test('says how it is used', async () => {
  expect(await run(['many'])).toEqual({ code: 2, out: expect.stringContaining('Usage') });
});

test('ends when its parent is killed', async () => {
  const source = `import { spawn } from 'node:child_process';
    const child = spawn(process.execPath, [${JSON.stringify(busy)}, '1']);
    child.stdout.once('data', () => console.log(child.pid));
    setInterval(() => undefined, 1_000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [pid] = (await once(parent.stdout, 'data')).map(Number);
  try {
    expect(processIdentity(pid ?? 0)).toBeDefined();
  } finally {
    parent.kill('SIGKILL');
  }
  const gone = (): boolean => processIdentity(pid ?? 0) === undefined;
  await waitUntil('the end of the loops', gone, { timeoutMs: 20_000 });
});
