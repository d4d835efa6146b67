import { describe, expect, test } from 'vitest';
import { defaultLadder, defaultSingle } from '../../common/config/encoding.ts';
import type { Inputs } from './chooseInputs.ts';
import type { Encoding } from './encoding.ts';
import { ffmpegArgs } from './ffmpegArgs.ts';
import { planSpan } from './spanPlan.ts';

const single: Encoding = {
  renditions: [defaultSingle],
  abr: false,
  profile: 'transcode',
  segmentSeconds: 4,
  gopSeconds: 2,
  preset: 'veryfast',
  audioRate: 48_000,
};
const ladder: Encoding = { ...single, renditions: defaultLadder, abr: true, profile: 'ladder' };
const inputs: Inputs = {
  video: { pid: 256, kind: 'video', codec: 'h264' },
  audio: { pid: 257, kind: 'audio', codec: 'aac' },
};

function args(encoding: Encoding, more: Partial<Inputs> = {}): string[] {
  const given = { ...inputs, ...more };
  const plan = planSpan({ encoding, inputs: given, isFallback: false, made: [] });
  return ffmpegArgs({ encoding, plan, inputs: given, maxPixels: 9_437_184 });
}

/** All values of an option, in order. */
function all(list: readonly string[], option: string): string[] {
  return list.flatMap((arg, i) => (arg === option ? [list[i + 1] ?? ''] : []));
}

describe('ffmpegArgs', () => {
  test.each([
    ['-i', ['pipe:0']],
    ['-protocol_whitelist', ['pipe']],
    ['-max_pixels', ['9437184']],
    ['-f', ['mpegts', 'mpegts']],
    ['-progress', ['pipe:3']],
    ['-map', ['[v0]', '0:i:257']],
    ['-preset', ['veryfast']],
    ['-tune', ['zerolatency']],
    ['-profile:v', ['high']],
    ['-pix_fmt', ['yuv420p']],
    ['-fpsmax', ['60']],
    ['-b:v', ['5000k']],
    ['-maxrate', ['5000k']],
    ['-bufsize', ['10000k']],
    ['-b:a', ['128k']],
    ['-ar', ['48000']],
    ['-ac', ['2']],
    ['-force_key_frames', ['expr:gte(t,if(gt(n_forced,0),1+(n_forced-1)*4/2,0))']],
    ['-sc_threshold', ['0']],
    ['-pes_payload_size', ['0']],
    ['-avoid_negative_ts', ['disabled']],
    ['-crf', []],
    ['-copyts', []],
  ])('single profile: %s is %j', (option, values) => {
    expect(all(args(single), option)).toEqual(values);
  });

  test('a pipe for each rendition', () => {
    const pipes = (encoding: Encoding) => args(encoding).filter(arg => /^pipe:[4-9]$/.test(arg));
    expect([pipes(single), pipes(ladder)]).toEqual([['pipe:4'], ['pipe:4', 'pipe:5', 'pipe:6']]);
  });

  test.each([
    ['-map', ['[v0]', '0:i:257', '[v1]', '0:i:257', '[v2]', '0:i:257']],
    ['-b:v', ['5000k', '3000k', '1500k']],
    ['-maxrate', ['5000k', '3000k', '1500k']],
    ['-bufsize', ['10000k', '6000k', '3000k']],
    ['-i', ['pipe:0']],
  ])('ladder: %s is %j', (option, values) => {
    expect(all(args(ladder), option)).toEqual(values);
  });

  test('ladder: the same key frames for all', () => {
    expect(new Set(all(args(ladder), '-force_key_frames')).size).toBe(1);
  });

  test('rates of their own are kept', () => {
    const list = args({ ...single, renditions: [{ video: 800, maxrate: 900, bufsize: 1_000, audio: 64 }] });
    expect([all(list, '-b:v'), all(list, '-maxrate'), all(list, '-bufsize')]).toEqual([['800k'], ['900k'], ['1000k']]);
  });

  test('no audio: none is mapped, none is made', () => {
    const list = args(single, { audio: 'none' });
    expect(all(list, '-map')).toEqual(['[v0]']);
    expect(list).not.toContain('aac');
  });

  test('silence: a second input, which ends with the picture', () => {
    const list = args(ladder, { audio: 'silence' });
    expect(all(list, '-i')).toEqual(['pipe:0', 'anullsrc=r=48000:cl=stereo']);
    expect(all(list, '-map')).toEqual(['[v0]', '1:a:0', '[v1]', '1:a:0', '[v2]', '1:a:0']);
    expect(list.filter(arg => arg === '-shortest')).toHaveLength(3);
  });

  test.each([
    [4, 2, 300],
    [10, 10, 1_200],
  ])('-g stays above every GOP at 60 fps (segments of %i s, GOP %i s)', (segmentSeconds, gopSeconds, ceiling) => {
    expect(all(args({ ...single, segmentSeconds, gopSeconds }), '-g')).toEqual([`${ceiling}`]);
  });

  test('a hardware encoder: its device before the input, its pictures at the end of each rendition, the same key frames', () => {
    const list = args({ ...ladder, encoder: 'h264_vaapi' });
    expect(list.indexOf('-vaapi_device')).toBeLessThan(list.indexOf('-i'));
    expect(all(list, '-c:v')).toEqual(['h264_vaapi', 'h264_vaapi', 'h264_vaapi']);
    expect(all(list, '-filter_complex')[0]).toMatch(
      /split=2\[p0\]\[s1\];\[p0\]format=nv12,hwupload\[v0\];.*split=2\[p1\]\[s2\];\[p1\]format=nv12,hwupload\[v1\];.*,format=nv12,hwupload\[v2\]$/,
    );
    expect(all(list, '-force_key_frames')).toEqual(all(args(ladder), '-force_key_frames'));
    expect(list).not.toContain('-sc_threshold');
  });

  test('libx264 has the threads that the host can give it', () => {
    expect(all(args({ ...ladder, threads: 2 }), '-threads')).toEqual(['2', '2', '2']);
  });

  test('low latency: one thread decodes, but for pictures that it may not keep up with', () => {
    const low = { ...single, latency: 'low' as const };
    const ahead = (list: string[]) => list.slice(0, list.indexOf('-i'));
    expect(all(ahead(args(low)), '-threads')).toEqual(['1']);
    expect(all(ahead(args(low, { size: { width: 1920, height: 1080 } })), '-threads')).toEqual(['1']);
    expect(all(ahead(args(low, { size: { width: 3840, height: 2160 } })), '-threads')).toEqual([]);
    expect(all(ahead(args(single)), '-threads')).toEqual([]);
  });
});
