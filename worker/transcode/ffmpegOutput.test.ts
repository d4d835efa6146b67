import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { Rendition } from '../../common/config/encoding.ts';
import type { Encoding } from './encoding.ts';
import { type FolderSink, folderSink } from './testing/folderSink.ts';
import { makeTs, type TsOptions } from './testing/makeTs.ts';
import { type Probed, probe } from './testing/probe.ts';
import { pieces, transcodeAll } from './testing/transcodeAll.ts';

const single: Rendition[] = [{ maxHeight: 1080, video: 300, audio: 64 }];
const ladder: Rendition[] = [
  { width: 320, height: 180, video: 300, audio: 64 },
  { width: 214, height: 120, video: 200, audio: 64 },
  { width: 128, height: 72, video: 100, audio: 48 },
];

let sink: FolderSink;
afterEach(() => sink.remove());

async function encode(source: TsOptions, renditions: Rendition[], encoding: Partial<Encoding> = {}) {
  sink = await folderSink();
  const abr = renditions.length > 1;
  const end = await transcodeAll(await makeTs(source), sink, { renditions, abr, ...encoding });
  expect(end).toEqual({ cause: 'media_ended', sawPicture: true });
  return renditions.map((_, i) => sink.list(0, i));
}

/** Lengths of all segments but the last one, which ends where the media does. */
const lengths = (list: readonly { seconds: number }[]) => list.slice(0, -1).map(segment => segment.seconds);

describe("FFmpeg's output", () => {
  test.each(['24', '25', '30000/1001', '30', '50', '60'])('%s fps: segments of 1, 4, 4 s within a tenth', async fps => {
    const [list = []] = await encode({ fps, seconds: 10, video: ['-c:v', 'mpeg2video'] }, single);
    const [first, ...later] = lengths(list);
    expect(first).toBeCloseTo(1, 1);
    expect(later).toEqual([expect.closeTo(4, 1), expect.closeTo(4, 1)]);
    const probed = await Promise.all(list.map(segment => probe(segment.path)));
    expect(probed.map(segment => segment.startsWithKey)).toEqual([true, true, true, true]);
  });

  test('a ladder: sizes, codecs, key frames first, the same cuts in all renditions', async () => {
    const lists = await encode({ seconds: 6, size: '320x180' }, ladder);
    const probed: Probed[][] = await Promise.all(lists.map(list => Promise.all(list.map(({ path }) => probe(path)))));
    for (const [i, segments] of probed.entries()) {
      const { width, height } = ladder[i] ?? {};
      for (const { video, audio, startsWithKey } of segments) {
        expect(video).toEqual({ codec: 'h264', width, height, pixels: 'yuv420p', aspect: '1:1', rate: 30 });
        expect(audio).toEqual({ codec: 'aac', sampleRate: 48_000, channels: 2 });
        expect(startsWithKey).toBe(true);
      }
    }
    const cuts = probed.map(segments => segments.map(segment => segment.firstPts));
    expect(cuts[0]).toHaveLength(3);
    expect(cuts[1]).toEqual(cuts[0]);
    expect(cuts[2]).toEqual(cuts[0]);
    expect(lists.map(lengths)).toEqual([lengths(lists[0] ?? []), lengths(lists[0] ?? []), lengths(lists[0] ?? [])]);
  });

  test('segments follow each other without a break of continuity counters', async () => {
    const [list = []] = await encode({ seconds: 6 }, single);
    const input = `concat:${list.map(segment => segment.path).join('|')}`;
    const { stderr } = await promisify(execFile)('ffmpeg', [
      '-v',
      'warning',
      '-i',
      input,
      '-c',
      'copy',
      '-f',
      'null',
      '-',
    ]);
    expect(stderr).toBe('');
  });

  test.each([
    ['segments of 1 s', { segmentSeconds: 1, gopSeconds: 2 }, [1, 1, 1, 1, 1]],
    ['segments of 2 s', { segmentSeconds: 2, gopSeconds: 2 }, [1, 2, 2]],
    ['a GOP that does not divide the segment', { segmentSeconds: 3, gopSeconds: 2 }, [1, 3]],
  ])('%s', async (_, encoding, expected) => {
    const [list = []] = await encode({ seconds: 5.5 }, single, encoding);
    expect(lengths(list)).toEqual(expected.map(seconds => expect.closeTo(seconds, 1)));
  });

  const small = { seconds: 1, video: ['-c:v', 'mpeg2video'] };
  test.each([
    ['a source of another aspect ratio is padded', { size: '160x120' }, ladder.slice(0, 1), 320, 180, 30],
    [
      'a source larger than the cap is scaled down',
      { size: '320x240' },
      [{ ...single[0], maxHeight: 120 }],
      160,
      120,
      30,
    ],
    ['a smaller one is not scaled up', { size: '160x120' }, single, 160, 120, 30],
    [
      'more than 60 fps are capped',
      { fps: '120', video: ['-c:v', 'libx264', '-preset', 'ultrafast'] },
      single,
      160,
      90,
      60,
    ],
    [
      'pixels that are not square',
      { size: '160x120', video: [...small.video, '-aspect', '16/9'] },
      single,
      212,
      120,
      30,
    ],
    ['10 bit 4:2:2', { video: ['-c:v', 'libx264', '-pix_fmt', 'yuv422p10le'] }, single, 160, 90, 30],
  ])('%s', async (_, source, renditions, width, height, rate) => {
    const [list = []] = await encode({ ...small, ...source }, renditions as Rendition[]);
    const { video } = await probe(list[0]?.path ?? '');
    expect(video).toEqual({ codec: 'h264', width, height, pixels: 'yuv420p', aspect: '1:1', rate });
  });

  test('at every moment a final name is a whole segment', async () => {
    sink = await folderSink();
    const sizes = new Map<string, Set<number>>();
    const media = Readable.from(pieces(await makeTs({ seconds: 30, size: '320x180' }), 20_000), { objectMode: false });
    const watching = setInterval(() => {
      const { dir } = sink.epochs[0] ?? {};
      if (dir === undefined) return;
      for (const file of readdirSync(dir).filter(name => name.endsWith('.ts')))
        sizes.set(file, (sizes.get(file) ?? new Set()).add(statSync(join(dir, file)).size));
    });
    await transcodeAll(media, sink).finally(() => clearInterval(watching));
    const list = sink.list(0);
    expect(list.length).toBeGreaterThan(6);
    expect(sizes.size).toBeGreaterThan(2);
    for (const { file, bytes } of list) expect([...(sizes.get(file) ?? [bytes])]).toEqual([bytes]);
    expect((await sink.files(0)).sort()).toEqual(list.map(({ file }) => file).sort());
  });
});
