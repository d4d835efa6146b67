import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { frameHashes } from '../segment/testing/frameHashes.ts';
import type { SourceChange } from './sourceGuard.ts';
import { type FolderSink, folderSink } from './testing/folderSink.ts';
import { makeTs, type TsOptions } from './testing/makeTs.ts';
import { probe } from './testing/probe.ts';
import { transcodeAll } from './testing/transcodeAll.ts';
import { defaultLimits } from './transcodeLimits.ts';

const closedGop = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '2', '-sc_threshold', '0'];
const openGop = [...closedGop, '-x264-params', 'open-gop=1'];

let sink: FolderSink;
let changes: SourceChange[];
beforeEach(async () => {
  sink = await folderSink();
  changes = [];
});
afterEach(async () => {
  expect(sink.epochs.map(epoch => epoch.closed)).toEqual(sink.epochs.map(() => 1));
  await sink.remove();
});

/** As an encoder sends it, four times as fast: what comes later is not there yet when the source is judged. */
const paced = (ts: Buffer, seconds: number): Readable =>
  Readable.from(
    (async function* () {
      const bytes = Math.ceil(ts.length / (seconds * 10));
      for (let at = 0; at < ts.length; at += bytes) {
        yield ts.subarray(at, at + bytes);
        await setTimeout(25);
      }
    })(),
    { objectMode: false },
  );

const passOn = (media: Buffer | Readable, source: Partial<typeof defaultLimits.source> = {}, ffmpeg = 'ffmpeg') =>
  transcodeAll(
    media,
    sink,
    { profile: 'passthrough', segmentSeconds: 2 },
    {
      onSourceChange: change => changes.push(change),
      limits: { source: { ...defaultLimits.source, ...source } },
      ffmpeg,
    },
  );

const files = async (epoch: number, rendition = 0): Promise<Buffer> =>
  Buffer.concat(await Promise.all(sink.list(epoch, rendition).map(({ path }) => readFile(path))));

describe('passthrough', () => {
  test('hands the encoder’s own pictures and sound out, frame by frame', async () => {
    const ts = await makeTs({ seconds: 8, gop: 60, video: closedGop });
    // There is no FFmpeg in it.
    expect(await passOn(ts, {}, '/nowhere/ffmpeg')).toEqual({ cause: 'media_ended', sawPicture: true });
    const [source, out] = [await frameHashes(ts, 'copy'), await frameHashes(await files(0), 'copy')];
    expect(out.video).toEqual(source.video);
    expect(source.audio.slice(-out.audio.length)).toEqual(out.audio);
    expect(out.warnings).toBe('');
    expect(sink.list(0).map(({ seconds }) => Math.round(seconds))).toEqual([2, 2, 2, 2]);
    expect(changes).toEqual([]);
  });

  test.each<[string, TsOptions]>([
    ['Opus', { audio: ['-c:a', 'libopus'] }],
    ['AC-3', { audio: ['-c:a', 'ac3'] }],
    ['MP2, whose stream type is MP3’s', { audio: ['-c:a', 'mp2'] }],
  ])('%s is transcoded alone: the pictures stay the encoder’s own', async (_, options) => {
    const ts = await makeTs({ seconds: 6, gop: 60, video: closedGop, ...options });
    expect(await passOn(ts)).toEqual({ cause: 'media_ended', sawPicture: true });
    const [source, out] = [await frameHashes(ts, 'copy'), await frameHashes(await files(0), 'copy')];
    expect(out.video).toEqual(source.video);
    expect((await probe(sink.list(0)[0]?.path ?? '')).audio?.codec).toBe('aac');
    expect(changes).toEqual([]);
  });

  test('MP3 is passed on, without FFmpeg', async () => {
    const ts = await makeTs({ seconds: 6, gop: 60, video: closedGop, audio: ['-c:a', 'libmp3lame'] });
    expect(await passOn(ts, {}, '/nowhere/ffmpeg')).toEqual({ cause: 'media_ended', sawPicture: true });
    const [source, out] = [await frameHashes(ts, 'copy'), await frameHashes(await files(0), 'copy')];
    expect(out.video).toEqual(source.video);
    expect(source.audio.slice(-out.audio.length)).toEqual(out.audio);
    expect(sink.list(0).map(({ audio }) => audio?.codec)).toEqual(Array(3).fill('mp4a.40.34'));
    expect(changes).toEqual([]);
  });

  const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=30'];
  test('HEVC is transcoded, and says so', async () => {
    expect(await passOn(await makeTs({ seconds: 4, video: x265 }))).toEqual({ cause: 'media_ended', sawPicture: true });
    expect((await probe(sink.list(0)[0]?.path ?? '')).video?.codec).toBe('h264');
    expect(changes).toMatchObject([{ kind: 'fallback', judgement: { fault: 'codec' } }]);
  });

  test.each<[string, TsOptions, Partial<typeof defaultLimits.source>, string]>([
    ['4:2:2 and 10 bits', { seconds: 10, gop: 60, video: [...closedGop, '-pix_fmt', 'yuv422p10le'] }, {}, 'codec'],
    ['an open GOP', { seconds: 12, gop: 60, video: openGop }, {}, 'no_idr'],
    ['key frames too far apart', { seconds: 16, gop: 150, video: closedGop }, { maxGopSeconds: 3 }, 'gop_too_long'],
    ['too high a rate', { seconds: 10, gop: 60, video: closedGop }, { maxKbps: 20 }, 'rate_too_high'],
  ])('%s: falls back at the next key frame, with a reason, and goes on', async (_, options, limits, fault) => {
    const ts = await makeTs(options);
    expect(await passOn(paced(ts, options.seconds ?? 0), limits)).toEqual({ cause: 'media_ended', sawPicture: true });
    expect(changes).toMatchObject([{ kind: 'fallback', judgement: { fault } }]);
    const last = sink.epochs.length - 1;
    expect(last).toBe(1);
    const encoded = await frameHashes(await files(last), 'decode');
    expect(encoded.warnings).toBe('');
    expect(encoded.video.length).toBeGreaterThan(60);
  });

  test('a source that is well again is passed on again', async () => {
    const bad = await makeTs({ seconds: 8, gop: 60, video: openGop });
    const good = await makeTs({ seconds: 40, gop: 60, video: closedGop, muxer: ['-output_ts_offset', '8'] });
    await passOn(paced(Buffer.concat([bad, good]), 48));
    expect(changes.map(({ kind }) => kind)).toEqual(['fallback', 'restored']);
    const last = sink.epochs.length - 1;
    const [source, out] = [await frameHashes(good, 'copy'), await frameHashes(await files(last), 'copy')];
    expect(out.video.length).toBeGreaterThan(200);
    expect(source.video.slice(-out.video.length)).toEqual(out.video);
  });
});

test('a ladder makes no rendition that is larger than its source', async () => {
  const renditions = [
    { width: 320, height: 180, video: 300, audio: 64 },
    { width: 160, height: 90, video: 150, audio: 64 },
  ];
  const encoding = { profile: 'ladder', abr: true, renditions } as const;
  await transcodeAll(await makeTs({ seconds: 2, size: '240x136', video: closedGop }), sink, encoding);
  expect(sink.list(0, 0)).toEqual([]);
  expect((await probe(sink.list(0, 1)[0]?.path ?? '')).video).toMatchObject({ width: 160, height: 90 });
});

describe('ladder-source', () => {
  test('the top rendition is the encoder’s own picture, and all renditions line up', async () => {
    const ts = await makeTs({ seconds: 8, gop: 60, size: '320x180', video: closedGop });
    const renditions = [
      { width: 320, height: 180, video: 300, audio: 64 },
      { width: 214, height: 120, video: 200, audio: 64 },
    ];
    const encoding = { profile: 'ladder-source', abr: true, segmentSeconds: 2, renditions } as const;
    expect(await transcodeAll(ts, sink, encoding)).toEqual({ cause: 'media_ended', sawPicture: true });
    const [source, top] = [await frameHashes(ts, 'copy'), await frameHashes(await files(0), 'copy')];
    expect(top.video).toEqual(source.video);
    const [a, b] = [sink.list(0, 0), sink.list(0, 1)];
    expect(a.length).toBeGreaterThan(3);
    const place = ({ number, startTicks, frames }: (typeof a)[number]) => [number, startTicks, frames.length];
    expect(b.map(place)).toEqual(a.map(place));
    expect((await probe(b[0]?.path ?? '')).video).toMatchObject({ codec: 'h264', width: 214, height: 120 });
  });
});
