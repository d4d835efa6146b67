import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeTs, type TsOptions } from '../transcode/testing/makeTs.ts';
import { probe } from '../transcode/testing/probe.ts';
import { collectSegments } from './testing/collectSegments.ts';
import { frameHashes } from './testing/frameHashes.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'segmenter-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const x264 = (...args: string[]) => ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', ...args];
const closedGop = x264('-bf', '2', '-sc_threshold', '0');
/** 90 kHz ticks have 33 bits: two seconds before they begin again. */
const nearWrap = ['-output_ts_offset', `${2 ** 33 / 90_000 - 2}`];
const sparse = ['-vf', "select='gt(random(1),0.35)+not(mod(n,30))'", '-fps_mode', 'vfr'];

const samples: [name: string, options: TsOptions][] = [
  ['as OBS sends it: B-frames, GOP 2 s', { gop: 60, video: closedGop }],
  ['zero latency', { video: x264('-tune', 'zerolatency') }],
  ['25 frames a second', { fps: '25', gop: 50, video: closedGop }],
  ['29.97', { fps: '30000/1001', gop: 60, video: closedGop }],
  ['50', { fps: '50', gop: 50, video: closedGop }],
  ['59.94', { fps: '60000/1001', gop: 60, video: closedGop }],
  ['60', { fps: '60', gop: 60, video: closedGop }],
  [
    'a varying frame rate',
    { gop: 30, video: [...x264('-bf', '0', '-force_key_frames', 'expr:gte(t,n_forced)'), ...sparse] },
  ],
  ['GOP of 10 s', { seconds: 22, gop: 300, video: closedGop }],
  ['key frames at odd times', { gop: 37, video: closedGop }],
  ['across the wrap of timestamps', { video: closedGop, muxer: nearWrap }],
  ['no audio', { audio: 'none', video: closedGop }],
  ['audio that comes 2 s late', { audioDelay: 2, video: closedGop }],
  ['one audio frame in each PES packet', { muxer: ['-pes_payload_size', '0'] }],
  ['MP3', { audio: ['-c:a', 'libmp3lame'] }],
  [
    'HEVC',
    {
      video: [
        '-c:v',
        'libx265',
        '-preset',
        'ultrafast',
        '-pix_fmt',
        'yuv420p',
        '-x265-params',
        'log-level=error:no-open-gop=1:keyint=30',
      ],
    },
  ],
];

/** Seconds between a segment's first picture and the next one's, as ffprobe reads the files. */
async function starts(segments: readonly { data: Buffer }[]): Promise<{ first: number; startsWithKey: boolean }[]> {
  const found = [];
  for (const [i, { data }] of segments.entries()) {
    const file = join(dir, `${i}.ts`);
    await writeFile(file, data);
    const { firstPts, startsWithKey } = await probe(file);
    found.push({ first: firstPts, startsWithKey });
  }
  return found;
}

describe('Segmenter, with what FFmpeg makes', () => {
  test.each(samples)(
    '%s: every frame is there once, each segment stands alone, durations are exact',
    async (_, options) => {
      const ts = await makeTs({ seconds: 8, ...options });
      const { segments } = collectSegments(ts);
      const whole = Buffer.concat(segments.map(({ data }) => data));
      const [source, cut] = [await frameHashes(ts, 'copy'), await frameHashes(whole, 'copy')];
      expect(cut.video).toEqual(source.video);
      // Sound begins with the picture, so the encoder's first frames may be left out.
      expect(source.audio.slice(-cut.audio.length)).toEqual(cut.audio);
      expect(source.audio.length - cut.audio.length).toBeLessThanOrEqual(5);
      expect(cut.warnings).toBe('');
      expect(segments.length).toBeGreaterThan(1);
      // A segment whose audio is announced and has not come yet has no sample rate to read.
      const complete = segments.filter(({ audio }) => audio !== undefined || options.audio === 'none');
      for (const { data } of complete) expect((await frameHashes(data, 'decode')).warnings).toBe('');
      const files = await starts(segments);
      for (const [i, { seconds }] of segments.slice(0, -1).entries()) {
        const gap = ((files[i + 1]?.first ?? 0) - (files[i]?.first ?? 0) + 2 ** 33 / 90_000) % (2 ** 33 / 90_000);
        expect(Math.abs(seconds - gap)).toBeLessThan(0.001);
      }
      expect(files.every(({ startsWithKey }) => startsWithKey)).toBe(true);
      expect(segments.every(({ continuityErrors, badTimestamps }) => continuityErrors + badTimestamps === 0)).toBe(
        true,
      );
    },
  );
});
