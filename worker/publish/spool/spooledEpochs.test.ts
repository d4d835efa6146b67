import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeSegments } from '../testing/writeSegments.ts';
import type { EpochRecord } from './epochRecord.ts';
import { findClosedFile } from './findClosedFile.ts';
import { Spool } from './spool.ts';
import { readEpoch, spooledEpochs } from './spooledEpochs.ts';

const record: EpochRecord = {
  ...{ streamId: 'show', run: 'run1', token: '170', stems: ['show_0', 'show_1'], firstNumber: 0, startedAt: 1 },
};

let spool: Spool;
beforeEach(async () => {
  spool = new Spool(await mkdtemp(join(tmpdir(), 'spool-')), 'n');
});
afterEach(() => rm(spool.dir, { recursive: true, force: true }));

const closed = async (origin: string): Promise<string[]> =>
  ((await readEpoch(spool.dir, origin))?.closed ?? []).map(({ name }) => name).toSorted();

test('a final name says that a segment is closed', async () => {
  const { dir, origin } = await spool.createEpoch(1, record);
  for (const name of ['show_0_000.ts', 'show_1_007.ts', '.show_0_001.ts.part', 'show_2_000.ts', 'other.ts'])
    await writeFile(join(dir, name), Buffer.alloc(188));
  expect(await closed(origin)).toEqual(['show_0_000.ts', 'show_1_007.ts']);
});

test('a file that is empty or cut is not closed', async () => {
  const { dir, origin } = await spool.createEpoch(1, record);
  await writeSegments(dir, 'show_0', { closed: [0, 1, 2] });
  await writeFile(join(dir, 'show_0_000.ts'), '');
  await writeFile(join(dir, 'show_0_001.ts'), Buffer.alloc(189));
  expect(await closed(origin)).toEqual(['show_0_002.ts']);
});

test('a record of an earlier version, or of another program, ends nothing', async () => {
  const { dir } = await spool.createEpoch(1, record);
  await writeFile(`${dir}.json`, JSON.stringify({ ...JSON.parse(await readFile(`${dir}.json`, 'utf8')), stems: 'x' }));
  expect(await spooledEpochs(spool.dir)).toMatchObject([{ record: undefined, closed: [] }]);
});

test('a closed segment is found in the folder of whichever owner of the run wrote it', async () => {
  const first = await spool.createEpoch(1, record);
  const second = await spool.createEpoch(1, { ...record, token: '180' });
  await writeSegments(first.dir, 'show_0', { closed: [0], open: 1 });
  await writeFile(join(second.dir, 'show_0_001.ts'), Buffer.alloc(188));
  const find = (number: number) => findClosedFile(spool, record, 'show_0', number);
  expect(await find(0)).toBe('show/run1/170-1/show_0_000.ts');
  expect(await find(1)).toBe('show/run1/180-1/show_0_001.ts');
  expect(await find(2)).toBeUndefined();
});
