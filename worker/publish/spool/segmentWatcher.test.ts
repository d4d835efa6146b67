import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AppError } from '../../../common/errors.ts';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import type { ClosedSegment } from './closedSegment.ts';
import { SegmentWatcher } from './segmentWatcher.ts';

// Real processes on a machine that others use too.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let dir: string;
let seen: ClosedSegment[];
let faults: AppError[];
let watcher: SegmentWatcher;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'watch-'));
  seen = [];
  faults = [];
});
afterEach(async () => {
  await watcher.close();
  await rm(dir, { recursive: true, force: true });
});

async function watchFor(stems: string[], firstNumber: number, freeBytes = 1e9): Promise<void> {
  watcher = new SegmentWatcher({
    dir,
    stems,
    firstNumber,
    freeBytes: async () => freeBytes,
    onSegment: segment => seen.push(segment),
    onFault: fault => faults.push(fault),
    log: silentLogger(),
  });
  await watcher.start();
}

/** As FFmpeg does it: the list appears whole, under its name, after the files it names. */
async function list(stem: string, numbers: number[]): Promise<void> {
  const entries = numbers.map(n => `#EXTINF:1.000000,\n${stem}_${String(n).padStart(3, '0')}.ts\n`);
  await writeFile(join(dir, `${stem}.m3u8.tmp`), `#EXTM3U\n#EXT-X-VERSION:3\n${entries.join('')}`);
  await rename(join(dir, `${stem}.m3u8.tmp`), join(dir, `${stem}.m3u8`));
}

const segment = (name: string, bytes = 376) => writeFile(join(dir, name), Buffer.alloc(bytes));

/** Nine segments of half a second in real time, per stem. */
const encode = (...stems: string[]) => {
  const output = (stem: string, i: number) => [
    ...['-map', '0:v', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '5', '-sc_threshold', '0'],
    ...['-s', `${160 >> i}x${96 >> i}`, '-f', 'segment', '-segment_time', '0.5', '-segment_start_number', '37'],
    ...['-segment_list', `${stem}.m3u8`, '-segment_list_type', 'm3u8', '-segment_list_size', '6', `${stem}_%03d.ts`],
  ];
  const input = ['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-t', '4.2', '-i', 'testsrc2=size=160x96:rate=10'];
  return execa('ffmpeg', [...input, ...stems.flatMap(output)], { cwd: dir });
};

test('sees every segment of a real FFmpeg in order, the last one too', async () => {
  await watchFor(['show_0', 'show_1'], 37);
  await encode('show_0', 'show_1');
  await watcher.close();
  for (const rendition of [0, 1]) {
    const numbers = seen.filter(each => each.rendition === rendition).map(({ number }) => number);
    expect(numbers).toEqual([37, 38, 39, 40, 41, 42, 43, 44, 45]);
  }
  expect(faults).toEqual([]);
});

test('a segment is reported at once, not at the next rescan', async () => {
  await watchFor(['show'], 0);
  await segment('show_000.ts');
  const listedAt = performance.now();
  await list('show', [0]);
  await vi.waitFor(() => expect(seen).toHaveLength(1), { interval: 5 });
  expect(performance.now() - listedAt).toBeLessThan(1_000);
  expect(seen[0]).toMatchObject({ rendition: 0, number: 0, file: 'show_000.ts', durationSeconds: 1, bytes: 376 });
});

test('a file that no list names is not closed', async () => {
  await watchFor(['show'], 5);
  await segment('show_005.ts');
  await segment('show_006.ts');
  await list('show', [5]);
  await watcher.close();
  expect(seen.map(({ number }) => number)).toEqual([5]);
});

test.each([
  ['cut off by a full disk', 'show_000.ts', 375],
  ['empty after a full disk', 'show_000.ts', 0],
  ['gone', 'other.ts', 188],
])('a segment that is %s is a fault, and no segment', async (_, file, bytes) => {
  await watchFor(['show'], 0, 4096);
  await segment(file, bytes);
  await list('show', [0]);
  await watcher.close();
  expect(seen).toEqual([]);
  expect(faults[0]).toMatchObject({
    code: 'storage_error',
    message: expect.stringMatching(new RegExp(`show_000.ts is .*${dir}.* 4096 bytes free.*SPOOL_DIR`)),
  });
});

test('an empty list is a full disk too', async () => {
  await watchFor(['show'], 0);
  await writeFile(join(dir, 'show.m3u8'), '');
  await watcher.close();
  expect(faults[0]?.message).toContain('list show.m3u8 is empty');
});

test('a disk that is full with whole segments on it is told before FFmpeg cuts one', async () => {
  await watchFor(['show'], 0, 100_000);
  await segment('show_000.ts');
  await list('show', [0]);
  await watcher.close();
  expect(seen).toHaveLength(1);
  expect(faults[0]?.message).toContain('the disk is full');
});
