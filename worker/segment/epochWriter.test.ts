import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FolderSink, folderSink } from '../transcode/testing/folderSink.ts';
import { makeTs } from '../transcode/testing/makeTs.ts';
import { pieces } from '../transcode/testing/transcodeAll.ts';
import { EpochWriter } from './epochWriter.ts';

let sink: FolderSink;
beforeEach(async () => {
  sink = await folderSink();
});
afterEach(() => sink.remove());

const read = (ts: Buffer): Readable => Readable.from(pieces(ts), { objectMode: false });

/** Segments of 1 s of each rendition's media. */
async function write(...media: Buffer[]): Promise<number[][]> {
  const epoch = await sink.openEpoch(Date.now(), { followsSource: false, renditions: [0] });
  const renditions = [...media.keys()];
  const writer = new EpochWriter({ epoch, renditions, segmentSeconds: 1, firstSeconds: 1 });
  await Promise.all(media.map((ts, i) => writer.feed(i, read(ts))));
  await writer.close();
  await writer.close();
  expect((await sink.files(0)).length).toBe(renditions.flatMap(i => sink.list(0, i)).length);
  return renditions.map(i => sink.list(0, i).map(({ number }) => number));
}

test('all segments in order, also the last one, which ends where the media does', async () => {
  expect(await write(await makeTs({ seconds: 3.4, gop: 30 }))).toEqual([[0, 1, 2, 3]]);
  expect(sink.list(0).at(-1)?.seconds).toBeCloseTo(0.4, 1);
  expect(sink.epochs[0]?.closed).toBe(1);
});

test('a last segment that not all renditions have is left out of all', async () => {
  const [long, short] = [await makeTs({ seconds: 3.4, gop: 30 }), await makeTs({ seconds: 2.4, gop: 30 })];
  expect(await write(long, short)).toEqual([
    [0, 1, 2],
    [0, 1, 2],
  ]);
});

test('an unfinished segment that another owner makes again is left out', async () => {
  const epoch = await sink.openEpoch(Date.now(), { followsSource: false, renditions: [0] });
  const writer = new EpochWriter({ epoch, renditions: [0], segmentSeconds: 1, firstSeconds: 1 });
  await writer.feed(0, read(await makeTs({ seconds: 3.4, gop: 30 })));
  await writer.close({ isMoved: true });
  expect(sink.list(0).map(({ number }) => number)).toEqual([0, 1, 2]);
  expect(await sink.files(0)).toHaveLength(3);
});

test('a folder that cannot be written to is reported, and ends nothing', async () => {
  const epoch = await sink.openEpoch(Date.now(), { followsSource: false, renditions: [0] });
  await rm(epoch.dir, { recursive: true });
  const writer = new EpochWriter({ epoch, renditions: [0], segmentSeconds: 1, firstSeconds: 1 });
  await writer.feed(0, read(await makeTs({ seconds: 2, gop: 30 })));
  await writer.close();
  expect(sink.faults.map(({ code, message }) => ({ code, message }))).toEqual([
    { code: 'storage_error', message: expect.stringContaining('ENOENT') },
    { code: 'storage_error', message: expect.stringContaining('ENOENT') },
  ]);
});

test('media that breaks off keeps what came', async () => {
  const epoch = await sink.openEpoch(Date.now(), { followsSource: false, renditions: [0] });
  const writer = new EpochWriter({ epoch, renditions: [0], segmentSeconds: 1, firstSeconds: 1 });
  const ts = await makeTs({ seconds: 2, gop: 30 });
  const broken = Readable.from(
    (function* () {
      yield ts;
      throw new Error('gone');
    })(),
  );
  await expect(writer.feed(0, broken)).rejects.toThrow('gone');
  await writer.close();
  expect(sink.list(0)).toHaveLength(2);
});
