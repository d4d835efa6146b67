import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppError } from '../../common/errors.ts';
import { makeTs } from '../transcode/testing/makeTs.ts';
import { CutPlan } from './cutPlan.ts';
import { Segmenter } from './segmenter.ts';
import { SegmentFiles } from './segmentFiles.ts';
import { collectSegments } from './testing/collectSegments.ts';

let ts: Buffer;
let dir: string;
beforeAll(async () => {
  ts = await makeTs({ seconds: 6, size: '320x180' });
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'segment-files-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const nameOf = (number: number) => `s_${number}.ts`;
const openFiles = async () => (await readdir('/proc/self/fd')).length;

function room() {
  const closed: { file: string; number: number; bytes: number }[] = [];
  const faults: AppError[] = [];
  const files = new SegmentFiles({
    dir,
    nameOf,
    onClosed: ({ number, bytes }, file) => closed.push({ file, number, bytes }),
    onFault: fault => faults.push(fault),
  });
  const cuts = new CutPlan({ firstNumber: 0, targetSeconds: 2 }).rung();
  return { closed, faults, files, segmenter: new Segmenter({ cuts, sink: files }) };
}

describe('SegmentFiles', () => {
  test('a final name is a closed segment, with the bytes that were cut, in order', async () => {
    const { closed, files, segmenter } = room();
    segmenter.push(ts.subarray(0, 100_001));
    segmenter.push(ts.subarray(100_001));
    segmenter.end();
    await files.settled();
    expect(closed.map(({ file }) => file)).toEqual(['s_0.ts', 's_1.ts', 's_2.ts']);
    expect((await readdir(dir)).sort()).toEqual(['s_0.ts', 's_1.ts', 's_2.ts']);
    for (const { number, data } of collectSegments(ts).segments)
      expect((await readFile(join(dir, nameOf(number)))).equals(data)).toBe(true);
  });

  test('what is being written has another name; abort removes it and leaves what is closed', async () => {
    const { files, segmenter } = room();
    segmenter.push(ts.subarray(0, Math.floor(ts.length * 0.6)));
    await files.settled();
    await vi.waitFor(async () => expect(await readdir(dir)).toContain('.s_1.ts.part'), 10_000);
    await files.abort();
    await files.abort();
    expect(await readdir(dir)).toEqual(['s_0.ts']);
    segmenter.end();
    await files.settled();
    expect(await readdir(dir)).toEqual(['s_0.ts']);
  });

  test('a full disk is reported where it happens, with its code; the segment is left out, the next is written', async () => {
    const { closed, faults, files, segmenter } = room();
    await symlink('/dev/full', join(dir, '.s_1.ts.part'));
    segmenter.push(ts);
    segmenter.end();
    await files.settled();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ code: 'storage_error', cause: { code: 'ENOSPC' } });
    expect(faults[0]?.message).toContain('s_1.ts');
    expect(closed.map(({ number }) => number)).toEqual([0, 2]);
    expect((await readdir(dir)).sort()).toEqual(['s_0.ts', 's_2.ts']);
  });

  test('no descriptor stays open: written, failed, given up or without a folder', async () => {
    const before = await openFiles();
    const [written, failed, given] = [room(), room(), room()];
    await symlink('/dev/full', join(dir, '.s_0.ts.part'));
    for (const { segmenter, files } of [failed, written, given]) {
      segmenter.push(ts);
      if (files !== given.files) segmenter.end();
      await files.settled();
    }
    await given.files.abort();
    await rm(dir, { recursive: true });
    const lost = room();
    lost.segmenter.push(ts);
    lost.segmenter.end();
    await lost.files.settled();
    expect(lost.faults.map(({ cause }) => (cause as NodeJS.ErrnoException).code)).toEqual([
      'ENOENT',
      'ENOENT',
      'ENOENT',
    ]);
    expect(await openFiles()).toBe(before);
  });

  test('the input waits while the disk falls behind', async () => {
    const { files } = room();
    const frames = [] as const;
    const segment = { number: 0, discontinuity: undefined, startTicks: 0, bytes: 0, frames };
    files.onOpen(segment);
    expect(files.room).toBeUndefined();
    files.onBytes(segment, Buffer.alloc(188 * 30_000, 0x47));
    expect(files.room).toBeDefined();
    await files.room;
    expect(files.room).toBeUndefined();
    await files.abort();
    expect(await readdir(dir)).toEqual([]);
  });
});
