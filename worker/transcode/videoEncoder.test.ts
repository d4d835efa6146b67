import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { videoEncoder as name, type VideoEncoder } from '../../common/config/encoding.ts';
import { videoEncoder } from './videoEncoder.ts';

const constant = { width: 1280, height: 720, video: 3_000, audio: 128 };
const variable = { ...constant, maxrate: 4_000, bufsize: 5_000 };
const args = (encoder: VideoEncoder, rendition = constant, preset = 'superfast') =>
  videoEncoder(encoder).args(rendition, { preset, threads: 3 });
const value = (list: readonly string[], option: string) => list[list.indexOf(option) + 1];

describe('videoEncoder', () => {
  test.each([
    ['libx264', '', [], '-c:v libx264 -preset superfast -tune zerolatency -profile:v high -pix_fmt yuv420p -threads 3'],
    ['h264_nvenc', '', [], '-c:v h264_nvenc -preset p4 -tune ll -rc cbr -profile:v high -bf 0'],
    [
      ...(['h264_vaapi', 'format=nv12,hwupload', ['-vaapi_device', '/dev/dri/renderD128']] as const),
      '-c:v h264_vaapi -rc_mode CBR -profile:v high -bf 0',
    ],
    [
      ...(['h264_qsv', 'format=nv12', ['-init_hw_device', 'qsv=hw', '-filter_hw_device', 'hw']] as const),
      '-c:v h264_qsv -preset veryfast -profile:v high -bf 0 -forced_idr 1',
    ],
    ['h264_videotoolbox', '', [], '-c:v h264_videotoolbox -realtime 1 -allow_sw 0 -profile:v high -bf 0'],
  ] as const)('%s: pictures, device and first arguments', (encoder, upload, device, first) => {
    expect(videoEncoder(encoder)).toMatchObject({ upload, device });
    expect(args(encoder).join(' ').startsWith(first)).toBe(true);
  });

  test.each(name.options)('%s: the rates are those of the rendition', encoder => {
    const rates = (list: string[]) => ['-b:v', '-maxrate', '-bufsize'].map(option => value(list, option));
    expect(rates(args(encoder))).toEqual(['3000k', '3000k', '6000k']);
    expect(rates(args(encoder, variable))).toEqual(['3000k', '4000k', '5000k']);
  });

  test.each([
    ['h264_nvenc', '-rc', 'vbr'],
    ['h264_vaapi', '-rc_mode', 'VBR'],
  ] as const)('%s: a rate with a ceiling is variable', (encoder, option, mode) => {
    expect(value(args(encoder, variable), option)).toBe(mode);
  });

  test('h264_nvenc: forced key frames are IDR, and no others are made', () => {
    expect(args('h264_nvenc').join(' ')).toContain('-forced-idr 1 -no-scenecut 1 -delay 0');
  });

  // FFmpeg lists the options of encoders that it was built with, with or without the device.
  test.each(['libx264', 'h264_nvenc', 'h264_vaapi', 'h264_qsv'] as const)(
    '%s: FFmpeg knows the options',
    async encoder => {
      const { stdout } = await promisify(execFile)('ffmpeg', ['-hide_banner', '-h', `encoder=${encoder}`]);
      const general = ['-c:v', '-profile:v', '-bf', '-pix_fmt', '-threads', '-b:v', '-maxrate', '-bufsize'];
      const own = args(encoder).filter(arg => arg.startsWith('-') && !general.includes(arg));
      const x264 = ['-sc_threshold'];
      expect(own.filter(option => !x264.includes(option) && !stdout.includes(`  ${option} `))).toEqual([]);
    },
  );
});
