import { describe, expect, test } from 'vitest';
import { checkFfmpeg } from './checkFfmpeg.ts';
import { fixture } from './testing/fixture.ts';

describe('checkFfmpeg', () => {
  test('gives the version of one that will do', async () => {
    expect((await checkFfmpeg('ffmpeg')).version).toMatch(/\d/);
  });

  test.each([
    ['is not there', '/nowhere/ffmpeg', /"\/nowhere\/ffmpeg" cannot be run \(ENOENT\)/],
    ['is something else', 'echo', /"echo" is not FFmpeg/],
    ['does not work', fixture('exits-3'), /cannot be run \(exit code 3\)/],
    ['cannot encode H.264', fixture('without-libx264'), /has no libx264/],
  ])('one that %s is refused, and the message says what to install', async (_, path, message) => {
    const error = await checkFfmpeg(path).catch(reason => reason);
    expect(error).toMatchObject({ code: 'dependency_missing', message: expect.stringMatching(message) });
    expect(error.message).toContain('apt-get install ffmpeg');
  });
});
