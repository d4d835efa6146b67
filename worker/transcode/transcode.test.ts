import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { diesOnce } from './testing/diesOnce.ts';
import { fromShare, withoutPid, withPts } from './testing/editTs.ts';
import { fixture } from './testing/fixture.ts';
import { type FolderSink, folderSink } from './testing/folderSink.ts';
import { audioPid, makeTs, videoPid } from './testing/makeTs.ts';
import { type Probed, probe } from './testing/probe.ts';
import { transcodeAll } from './testing/transcodeAll.ts';
import type { TranscodeLimits } from './transcodeLimits.ts';

let ts: Buffer;
beforeAll(async () => {
  ts = await makeTs({ seconds: 6 });
});

let sink: FolderSink;
beforeEach(async () => {
  sink = await folderSink();
});
afterEach(async () => {
  expect(sink.epochs.map(epoch => epoch.closed)).toEqual(sink.epochs.map(() => 1));
  await sink.remove();
});

/** By epoch, all its listed segments. */
async function segments(): Promise<Probed[][]> {
  const lists = sink.epochs.map((_, epoch) => sink.list(epoch));
  return Promise.all(lists.map(list => Promise.all(list.map(({ path }) => probe(path)))));
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const pictures = (probed: readonly Probed[]) => sum(probed.map(segment => segment.videoPackets));

describe('transcode makes a picture of', () => {
  const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=30'];
  test.each([
    ['H.264 and AAC', async () => ts, true],
    ['video without audio', () => makeTs({ audio: 'none' }), false],
    ['announced audio that never comes', async () => withoutPid(ts, audioPid), true],
    ['HEVC', () => makeTs({ video: [...x265, '-pix_fmt', 'yuv420p'] }), true],
    ['MPEG-2 video and MP2', () => makeTs({ video: ['-c:v', 'mpeg2video'], audio: ['-c:a', 'mp2'] }), true],
    ['AC-3', () => makeTs({ audio: ['-c:a', 'ac3'] }), true],
    ['Opus', () => makeTs({ audio: ['-c:a', 'libopus'] }), true],
    [
      'garbage before and between the packets',
      async () =>
        Buffer.concat([Buffer.alloc(999), ts.subarray(0, 88_887), Buffer.alloc(9_999, 7), ts.subarray(88_888)]),
      true,
    ],
  ])('%s', async (_, make, hasAudio) => {
    expect(await transcodeAll(await make(), sink)).toEqual({ cause: 'media_ended', sawPicture: true });
    const [probed = [], ...others] = await segments();
    expect(others).toEqual([]);
    expect(probed).toHaveLength(3);
    expect(pictures(probed)).toBeGreaterThan(170);
    for (const segment of probed) {
      expect(segment.startsWithKey).toBe(true);
      expect(segment.video?.codec).toBe('h264');
      expect(segment.audio?.codec).toBe(hasAudio ? 'aac' : undefined);
    }
    // A player that begins where the sound does finds no picture there: hls.js plays over 0.1 s (maxBufferHole).
    const [first] = probed;
    if (hasAudio) expect(Math.abs((first?.firstPts ?? 0) - (first?.firstAudioPts ?? 0))).toBeLessThan(0.1);
  });

  test('a join in mid-GOP: everything from the next key frame on', async () => {
    expect(await transcodeAll(fromShare(ts, 0.25), sink)).toEqual({ cause: 'media_ended', sawPicture: true });
    const [probed = []] = await segments();
    expect(pictures(probed)).toBeGreaterThanOrEqual(119);
    expect(pictures(probed)).toBeLessThanOrEqual(151);
  });

  test('audio that comes 2 s late: a picture with silence at once, then the sound, in a new epoch', async () => {
    const late = await makeTs({ seconds: 6, audioDelay: 2 });
    expect(await transcodeAll(late, sink)).toEqual({ cause: 'media_ended', sawPicture: true });
    const [silent = [], sounding = [], ...others] = await segments();
    expect(others).toEqual([]);
    expect(pictures(silent) + pictures(sounding)).toBeGreaterThanOrEqual(178);
    expect(pictures(silent) + pictures(sounding)).toBeLessThanOrEqual(184);
    for (const segment of [...silent, ...sounding]) expect(segment.audio?.sampleRate).toBe(48_000);
    expect(sink.list(1)[0]?.file).toBe('s_0_100.ts');
  });

  test('a stream that changes its size: each part in its own', async () => {
    const larger = await makeTs({ seconds: 2, size: '320x180' });
    expect(await transcodeAll(Buffer.concat([ts, larger]), sink)).toMatchObject({ cause: 'media_ended' });
    expect((await segments()).map(([first]) => first?.video?.width)).toEqual([160, 320]);
  });
});

describe('transcode ends', () => {
  test('with input_invalid on garbage, without starting FFmpeg', async () => {
    const end = await transcodeAll(Buffer.alloc(2_100_000, 'no video'), sink, {}, { ffmpeg: '/nowhere/ffmpeg' });
    expect(end).toMatchObject({ cause: 'input_invalid', sawPicture: false, error: { code: 'input_invalid' } });
    expect(sink.epochs).toEqual([]);
  });

  test('with input_invalid on a picture that is too large, without starting FFmpeg', async () => {
    const large = await makeTs({ seconds: 1, size: '640x360' });
    const options = { ffmpeg: '/nowhere/ffmpeg', limits: { maxPixels: 200_000 } };
    const end = await transcodeAll(large, sink, {}, options);
    expect(end).toMatchObject({ cause: 'input_invalid', error: { message: expect.stringContaining('MAX_PIXELS') } });
    expect(sink.epochs).toEqual([]);
  });

  test('in order on an abort: the open segment is there', async () => {
    const controller = new AbortController();
    const media = new PassThrough();
    const done = transcodeAll(media, sink, {}, { signal: controller.signal });
    media.write(ts);
    await expect.poll(() => sink.list(0).length, { timeout: 20_000 }).toBeGreaterThan(0);
    controller.abort();
    expect(await done).toEqual({ cause: 'aborted', sawPicture: true });
    const [probed = []] = await segments();
    expect(pictures(probed)).toBeGreaterThan(170);
    expect(media.destroyed).toBe(true);
  });

  test('at once when it is aborted before it starts, or while it looks at the input', async () => {
    expect(await transcodeAll(ts, sink, {}, { signal: AbortSignal.abort() })).toEqual({
      cause: 'aborted',
      sawPicture: false,
    });
    const controller = new AbortController();
    const done = transcodeAll(new PassThrough(), sink, {}, { signal: controller.signal });
    controller.abort();
    expect(await done).toEqual({ cause: 'aborted', sawPicture: false });
  });

  test('within the deadline on an abort although FFmpeg hangs', async () => {
    const controller = new AbortController();
    const media = new PassThrough();
    const options = { signal: controller.signal, ffmpeg: fixture('reads-nothing'), limits: { stopMs: 100 } };
    const done = transcodeAll(media, sink, {}, options);
    media.write(ts);
    await expect.poll(() => sink.epochs.length).toBe(1);
    controller.abort();
    expect(await done).toMatchObject({ cause: 'aborted', error: { code: 'transcode_error' } });
  });

  test.each(['an error', 'a destroyed stream'])('orderly when the encoder is gone with %s', async how => {
    const media = new PassThrough();
    const done = transcodeAll(media, sink);
    media.write(ts.subarray(0, Math.round(ts.length * 0.7)));
    await expect.poll(() => sink.epochs.length).toBe(1);
    media.destroy(how === 'an error' ? new Error('connection was broken') : undefined);
    expect(await done).toMatchObject({ cause: 'media_ended' });
  });

  test("with the sink's error when no epoch can be opened", async () => {
    const broken = { made: [], openEpoch: () => Promise.reject(new Error('no space left on device')) };
    const done = transcodeAll(endless(ts), broken, {}, { limits: { restartMs: 1 } });
    expect(await done).toMatchObject({ cause: 'failed', error: { message: 'no space left on device' } });
  });
});

/** A connection that goes on: the stream again and again, a little at a time, until it is destroyed. */
function endless(stream: Buffer, before: Buffer = Buffer.alloc(0)): PassThrough {
  const media = new PassThrough({ highWaterMark: before.length + 1 });
  media.write(before);
  let at = 0;
  const timer = setInterval(() => {
    if (media.destroyed) return clearInterval(timer);
    if (media.writableNeedDrain) return;
    media.write(stream.subarray(at, at + 40_000));
    at = at + 40_000 >= stream.length ? 0 : at + 40_000;
  }, 5);
  return media;
}

describe('transcode restarts FFmpeg', () => {
  const quick: Partial<TranscodeLimits> = { restartMs: 1, watchMs: 20 };

  test('that dies: a new epoch on the same connection, from a key frame on', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'dies-once-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const media = endless(ts);
    const done = transcodeAll(media, sink, {}, { ffmpeg: await diesOnce(dir), limits: quick });
    await expect.poll(() => sink.list(1).length, { timeout: 20_000 }).toBeGreaterThan(0);
    media.end();
    expect(await done).toEqual({ cause: 'media_ended', sawPicture: true });
    expect(await sink.files(0)).toEqual([]);
    expect((await probe(sink.list(1)[0]?.path ?? '')).startsWithKey).toBe(true);
  });

  test('five times, then reports the last output of FFmpeg', async () => {
    const end = await transcodeAll(endless(ts), sink, {}, { ffmpeg: fixture('exits-3'), limits: quick });
    expect(end).toMatchObject({ cause: 'failed', sawPicture: false, error: { code: 'transcode_error' } });
    expect(end.error?.message).toBe(
      "FFmpeg failed: it exited with code 3. FFmpeg's last output: [error] first words | [error] last words",
    );
    expect(sink.epochs).toHaveLength(5);
  });

  test.each([
    ['takes media and makes nothing', 'silent', /no picture for 0.2 s/],
    ['takes no media', 'reads-nothing', /took no media for 0.2 s/],
  ])('that %s', async (_, name, message) => {
    const limits = { ...quick, silentMs: 200, restarts: 1, heldBytes: 200_000 };
    const end = await transcodeAll(endless(ts), sink, {}, { ffmpeg: fixture(name), limits });
    expect(end).toMatchObject({ cause: 'failed', error: { message: expect.stringMatching(message) } });
    expect(sink.epochs).toHaveLength(2);
  });

  const h264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'];
  test('that runs away after a broken timestamp', async () => {
    const stream = await makeTs({ seconds: 6, audio: 'none', video: [...h264, '-preset', 'veryfast', '-bf', '2'] });
    const media = endless(stream, withPts(stream, videoPid, 60, 400));
    const done = transcodeAll(media, sink, {}, { limits: quick });
    await expect.poll(() => sink.list(1).length, { timeout: 20_000 }).toBeGreaterThan(0);
    media.end();
    expect(await done).toEqual({ cause: 'media_ended', sawPicture: true });
    const after = sink.list(1);
    expect(sum(after.map(segment => segment.seconds))).toBeLessThan(300);
  });

  test('for each change of the picture, at the cost of the restart budget from the third in a row on', async () => {
    const options = { seconds: 0.2, audio: 'none', gop: 6 } as const;
    const parts = await Promise.all([makeTs({ ...options, size: '320x180' }), makeTs({ ...options, size: '160x90' })]);
    const media = endless(Buffer.concat([...parts, ...parts]));
    let budget = 3;
    const mayRestart = async () => --budget >= 0;
    const end = await transcodeAll(media, sink, {}, { limits: quick, mayRestart });
    expect(end).toMatchObject({ cause: 'failed', error: { code: 'transcode_error' } });
    expect(end.error?.message).toMatch(/changed its picture format or its streams 6 times in a row/);
    expect(sink.epochs).toHaveLength(6);
  });

  test('no more when the encoder has gone, whatever waits', async () => {
    const options = { seconds: 0.1, audio: 'none', gop: 3 } as const;
    const parts = await Promise.all([makeTs({ ...options, size: '320x180' }), makeTs({ ...options, size: '160x90' })]);
    const media = endless(Buffer.concat([...parts, ...parts]));
    const done = transcodeAll(media, sink, {}, { limits: { ...quick, restartMs: 60_000 } });
    await expect.poll(() => sink.epochs.length, { timeout: 20_000 }).toBe(2);
    media.destroy();
    expect(await done).toMatchObject({ cause: 'media_ended' });
    expect(sink.epochs.length).toBeLessThanOrEqual(4);
  });
});
