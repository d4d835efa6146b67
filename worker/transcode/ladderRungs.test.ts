import { describe, expect, test } from 'vitest';
import { defaultLadder } from '../../common/config/encoding.ts';
import { encodedRungs, limitedTo, rungsBelowCopy } from './ladderRungs.ts';

const size = (height: number) => ({ width: Math.round((height * 16) / 9), height });

describe('renditions of a ladder of 1080p, 720p and 480p', () => {
  test.each([
    [2160, [0, 1, 2]],
    [1088, [0, 1, 2]],
    [1080, [0, 1, 2]],
    [900, [1, 2]],
    [720, [1, 2]],
    [576, [2]],
    [360, [2]],
  ])('a source of %ip: encoded %j', (height, places) => {
    expect(encodedRungs(defaultLadder, size(height), [])).toEqual(places);
  });

  test.each([
    [2160, undefined],
    [1088, [0, 1, 2]],
    [1080, [0, 1, 2]],
    [900, [0, 1, 2]],
    [720, [1, 2]],
    [576, [1, 2]],
    [480, [2]],
    [360, [2]],
  ])('a source of %ip that is copied: %j', (height, places) => {
    expect(rungsBelowCopy(defaultLadder, size(height), [])).toEqual(places);
  });

  test('what viewers have goes on, though the source has become smaller', () => {
    expect(encodedRungs(defaultLadder, size(480), [0, 1, 2])).toEqual([0, 1, 2]);
    expect(rungsBelowCopy(defaultLadder, size(720), [0, 1, 2])).toEqual([0, 1, 2]);
  });

  test('a source whose size is not known gets all', () => {
    expect(encodedRungs(defaultLadder, undefined, [])).toEqual([0, 1, 2]);
  });

  test('renditions that cannot be told apart are made once', () => {
    const twins = [
      { width: 1280, height: 720, video: 3_000, audio: 128 },
      { width: 1200, height: 676, video: 2_900, audio: 128 },
      { width: 640, height: 360, video: 800, audio: 96 },
    ];
    expect(encodedRungs(twins, size(1080), [])).toEqual([0, 2]);
  });

  test.each([
    [1080, 1280, 720],
    [720, 1280, 720],
    [360, 640, 360],
    [361, 640, 360],
  ])('720p of a source of %ip is %ix%i', (height, width, limited) => {
    const rung = { width: 1280, height: 720, video: 3_000, audio: 128 };
    expect(limitedTo(rung, size(height))).toEqual({ ...rung, width, height: limited });
  });
});
