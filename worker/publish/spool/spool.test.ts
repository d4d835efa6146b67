import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Spool } from './spool.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'spool-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const record = { streamId: 'show', run: 'r1', token: '170', stems: ['show'], firstNumber: 7, startedAt: 1 };

test('workers of one node share it, another node is refused by name', async () => {
  await Promise.all(Array.from({ length: 5 }, () => new Spool(dir, 'node-a').claim()));
  await expect(new Spool(dir, 'node-b').claim()).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(/SPOOL_DIR .* belongs to node "node-a", not to "node-b"/),
  });
  expect(await readdir(dir)).toEqual(['.node']);
});

test('an epoch is an empty folder, with all that a sweep needs beside it', async () => {
  const { dir: folder, origin } = await new Spool(dir, 'n').createEpoch(2, record);
  expect(folder).toBe(join(dir, 'show/r1/170-2'));
  expect(origin).toBe('show/r1/170-2');
  expect(await readdir(folder)).toEqual([]);
  expect(JSON.parse(await readFile(`${folder}.json`, 'utf8'))).toEqual(record);
});

test('nothing is left of a run, nor of a stream without runs', async () => {
  const spool = new Spool(dir, 'n');
  const first = await spool.createEpoch(1, record);
  await writeFile(join(first.dir, 'show_007.ts'), 'x');
  await spool.createEpoch(1, { ...record, run: 'r2' });
  await spool.removeEpoch(first.origin);
  await spool.removeEmpty('show', 'r1');
  expect(await readdir(dir, { recursive: true })).toEqual(['show', 'show/r2', 'show/r2/170-1', 'show/r2/170-1.json']);
  await spool.removeEpoch('show/r2/170-1');
  await spool.removeEmpty('show', 'r2');
  expect(await readdir(dir)).toEqual([]);
});

test('what still waits for its upload is not removed as empty', async () => {
  const spool = new Spool(dir, 'n');
  const epoch = await spool.createEpoch(1, record);
  await spool.removeEmpty('show', 'r1');
  expect((await stat(epoch.dir)).isDirectory()).toBe(true);
});

test.each(['../outside', '..', '', '/etc/passwd', 'a/../../b'])('%j is no file of the spool', file => {
  expect(() => new Spool(dir, 'n').path(file)).toThrow('not in the spool');
});

test('knows how much room is left', async () => {
  expect(await new Spool(dir, 'n').freeBytes()).toBeGreaterThan(0);
});
