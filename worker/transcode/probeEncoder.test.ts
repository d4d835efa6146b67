import { expect, test } from 'vitest';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { probeEncoder } from './probeEncoder.ts';
import { fixture } from './testing/fixture.ts';

// FFmpeg without any device: what every host without a GPU has. No GPU is needed to see the probe fail, nor to see it succeed.
const options = { ffmpeg: 'ffmpeg', launcher: { words: [] }, log: silentLogger() };
const absent = { ...options, ffmpeg: fixture('without-device'), encoder: 'h264_vaapi' } as const;

test('libx264 is not probed', async () => {
  expect(await probeEncoder({ ...options, encoder: 'libx264', fallback: false })).toBe('libx264');
});

test('an encoder that encodes is used', async () => {
  const ffmpeg = fixture('encodes-with-libx264');
  expect(await probeEncoder({ ...options, ffmpeg, encoder: 'h264_nvenc', fallback: false })).toBe('h264_nvenc');
});

test('one that does not is replaced by libx264 where that is allowed', async () => {
  expect(await probeEncoder({ ...absent, fallback: true })).toBe('libx264');
});

test('and refused where it is not, with what FFmpeg said and what to do', async () => {
  await expect(probeEncoder({ ...absent, fallback: false })).rejects.toMatchObject({
    code: 'dependency_missing',
    message: expect.stringMatching(/^VIDEO_ENCODER=h264_vaapi does not work .*no-device.*VIDEO_ENCODER_FALLBACK=on$/),
  });
});
