import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { holdFile } from './heldFile.ts';
import { withHeldFile } from './withHeldFile.ts';

const program = `
  const { holdFile } = await import(${JSON.stringify(new URL('./heldFile.ts', import.meta.url).href)});
  process.stdout.write((await holdFile(process.argv[1], true)) ? 'held' : 'refused');
  process.stdin.resume();
  process.stdin.once('end', () => process.exit());
`;

let dir: string;
let path: string;
const children: ChildProcessWithoutNullStreams[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-held-'));
  path = join(dir, 'lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(dir, { recursive: true });
});

/** A process that tries to hold the file, and what it says of that. */
async function other(): Promise<{ child: ChildProcessWithoutNullStreams; answer: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, path]);
  children.push(child);
  const [answer] = await once(child.stdout, 'data');
  return { child, answer: String(answer) };
}

test('a second process is refused until the first has ended, however it ended', async () => {
  const first = await other();
  expect([first.answer, (await other()).answer]).toEqual(['held', 'refused']);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  expect((await other()).answer).toBe('held');
});

test('a frozen process keeps its file', async () => {
  const { child } = await other();
  child.kill('SIGSTOP');
  expect(await holdFile(path, true)).toBeUndefined();
});

test('one process holds a file once', async () => {
  const held = await holdFile(path, true);
  expect(await holdFile(path, true)).toBeUndefined();
  await held?.release();
  expect(await holdFile(path, true)).toBeDefined();
});

test('a file that is not there is made or not, as the caller says; a folder that is not there is an error', async () => {
  expect(await holdFile(path, false)).toBeUndefined();
  await expect(holdFile(join(dir, 'no', 'lock'), true)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await readdir(dir)).toEqual([]);
});

test('a symbolic link is not followed', async () => {
  await symlink(join(dir, 'target'), path);
  await expect(holdFile(path, true)).rejects.toMatchObject({ code: 'ELOOP' });
  expect(await readdir(dir)).toEqual(['lock']);
});

test('many that want it one after the other never overlap, and leave no file', async () => {
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise(setImmediate);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 50 }, () => withHeldFile(path, { waitMs: 20_000 }, work)));
  expect(most).toBe(1);
  expect(await readdir(dir)).toEqual([]);
});

test('what the work throws is thrown, and the file is released', async () => {
  const fail = () => Promise.reject(new Error('broken'));
  await expect(withHeldFile(path, { waitMs: 0 }, fail)).rejects.toThrow('broken');
  expect(await readdir(dir)).toEqual([]);
});

test('waits as long as the caller says, or until its signal', async () => {
  const { child } = await other();
  const work = vi.fn(async () => 'done');
  await expect(withHeldFile(path, { waitMs: 20 }, work)).rejects.toMatchObject({ code: 'EWOULDBLOCK' });
  const signal = AbortSignal.timeout(20);
  await expect(withHeldFile(path, { waitMs: 60_000, signal }, work)).rejects.toThrow(signal.reason);
  expect(work).not.toHaveBeenCalled();
  const waiting = withHeldFile(path, { waitMs: 60_000 }, work);
  child.stdin.end();
  expect(await waiting).toBe('done');
});
