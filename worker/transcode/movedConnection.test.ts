import { readFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { StreamProfile } from '../../common/stream/streamProfile.ts';
import type { ResumePoint } from '../segment/segmentEpoch.ts';
import { frameHashes } from '../segment/testing/frameHashes.ts';
import { ticksBetween } from '../segment/ticks.ts';
import type { Encoding } from './encoding.ts';
import { type FolderSink, folderSink, type SinkSegment } from './testing/folderSink.ts';
import { makeTs } from './testing/makeTs.ts';
import { numberedPictures, pictureNumbers } from './testing/pictureNumbers.ts';
import { transcodeAll } from './testing/transcodeAll.ts';

const FPS = 30;
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', '2', '-sc_threshold', '0'];
const small = { video: 300, audio: 64 };
const ladder = [
  { width: 160, height: 90, ...small },
  { width: 80, height: 44, ...small },
];

let ts: Buffer;
const sinks: FolderSink[] = [];

beforeAll(async () => {
  // Timestamps that wrap on the way.
  const wraps = ['-output_ts_offset', `${2 ** 33 / 90_000 - 5}`];
  ts = await makeTs({ seconds: 12, fps: `${FPS}`, gop: FPS, video: ['-vf', numberedPictures, ...h264], muxer: wraps });
});
afterEach(async () => {
  await Promise.all(sinks.splice(0).map(sink => sink.remove()));
});

const part = (from: number, to: number): Buffer =>
  ts.subarray(Math.floor((ts.length * from) / 188) * 188, Math.floor((ts.length * to) / 188) * 188);

async function own(media: Buffer, profile: StreamProfile, options: { resume?: ResumePoint; isMoved?: boolean } = {}) {
  const sink = await folderSink(options.resume);
  sinks.push(sink);
  const abr = profile.startsWith('ladder');
  const encoding: Partial<Encoding> = {
    ...{ profile, abr, segmentSeconds: 2 },
    ...(abr ? { renditions: ladder } : { renditions: [{ width: 160, height: 90, ...small }] }),
  };
  expect((await transcodeAll(media, sink, encoding, { isMoved: options.isMoved ?? false })).cause).toBe('media_ended');
  return sink;
}

const read = async (segments: readonly SinkSegment[]): Promise<Buffer> =>
  Buffer.concat(await Promise.all(segments.map(({ path }) => readFile(path))));

/** Where the last of these segments ends, as the ledger keeps it. */
function endOf(sink: FolderSink, segments: readonly SinkSegment[]): ResumePoint {
  const { times } = segments.at(-1) as SinkSegment;
  if (!times) throw new Error('the times of the segment are not known');
  return { pts: times.end, source: times.sourceEnd, form: sink.epochs[0]?.options.form ?? '' };
}

/** The first owner has the first seven tenths, and is gone; its last segments count for nothing. The next one gets what a ring holds. */
async function moved(profile: StreamProfile) {
  const first = await own(part(0, 0.7), profile);
  const kept = (rendition: number) => first.list(0, rendition).slice(0, 3);
  const next = await own(part(0.25, 1), profile, { resume: endOf(first, kept(0)), isMoved: true });
  const all = (rendition: number) => [...kept(rendition), ...next.list(0, rendition)];
  return { first, next, all };
}

function expectNoJump(segments: readonly SinkSegment[]): void {
  for (const [i, { times }] of segments.entries()) {
    const before = segments[i - 1]?.times;
    if (!times || !before) continue;
    expect(times.start).toBeCloseTo(before.end, -1);
    expect(times.sourceStart).toBeCloseTo(before.sourceEnd, -1);
  }
}

describe('a connection that was moved', () => {
  test('passthrough: each picture and each sound of the encoder is there once', async () => {
    const { next, all } = await moved('passthrough');
    const [source, out] = [await frameHashes(ts, 'copy'), await frameHashes(await read(all(0)), 'copy')];
    expect(out.video).toEqual(source.video);
    expect(source.audio.slice(-out.audio.length)).toEqual(out.audio);
    expect(source.audio.length - out.audio.length).toBeLessThan(5);
    expect(next.epochs[0]?.options).toMatchObject({ resumes: true, form: 'direct/copied/0' });
    expectNoJump(all(0));
  });

  test.each([
    ['transcode', [0]],
    ['ladder', [0, 1]],
    ['ladder-source', [0, 1]],
  ] as const)('%s: each picture is made once, and the timestamps go on', async (profile, renditions) => {
    const { next, all } = await moved(profile);
    expect(next.epochs[0]?.options.resumes).toBe(true);
    for (const rendition of renditions) {
      expect(await pictureNumbers(await read(all(rendition)))).toEqual(Array.from({ length: 12 * FPS }, (_, n) => n));
      expectNoJump(all(rendition));
    }
    const numbers = renditions.map(rendition => next.list(0, rendition).map(({ startTicks }) => startTicks));
    for (const other of numbers) expect(other).toEqual(numbers[0]);
  });

  test('whose ring begins too late goes on behind a hole', async () => {
    const first = await own(part(0, 0.5), 'passthrough');
    const resume = endOf(first, first.list(0).slice(0, 1));
    const next = await own(part(0.6, 1), 'passthrough', { resume, isMoved: true });
    expect(next.epochs[0]?.options.resumes).toBe(true);
    const start = next.list(0)[0]?.times?.sourceStart ?? 0;
    expect(ticksBetween(resume.source, start) / 90_000).toBeGreaterThan(3);
  });

  test('one that calls by itself begins anew, whatever its timestamps say', async () => {
    const first = await own(part(0, 0.7), 'passthrough');
    const next = await own(part(0.25, 1), 'passthrough', { resume: endOf(first, first.list(0).slice(0, 3)) });
    expect(next.epochs[0]?.options.resumes).toBe(false);
    expect(next.list(0)[0]?.times?.sourceStart).not.toBe(first.list(0)[2]?.times?.sourceEnd);
  });

  test('with other timestamps begins anew', async () => {
    const resume = { pts: 0, source: 3_000_000_000, form: 'direct/copied/0' };
    const next = await own(part(0.25, 1), 'passthrough', { resume, isMoved: true });
    expect(next.epochs[0]?.options.resumes).toBe(false);
  });
});
