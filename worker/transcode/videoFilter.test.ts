import { describe, expect, test } from 'vitest';
import { videoFilter } from './videoFilter.ts';

const rates = { video: 1_000, audio: 128 };

describe('videoFilter', () => {
  test('a ladder is one chain: each rendition from the one before it', () => {
    const renditions = [
      { width: 1920, height: 1080, ...rates },
      { width: 1280, height: 720, ...rates },
      { width: 854, height: 480, ...rates },
    ];
    const [first, second, third, ...others] = videoFilter('0:i:256', renditions).split(';');
    expect(first).toMatch(
      /^\[0:i:256\]scale=.*,pad=1920:1080:-1:-1:color=black,format=yuv420p,setsar=1,split=2\[v0\]\[s1\]$/,
    );
    expect(second).toBe('[s1]scale=1280:720:flags=bilinear,setsar=1,split=2[v1][s2]');
    expect(third).toBe('[s2]scale=854:480:flags=bilinear,setsar=1[v2]');
    expect(others).toEqual([]);
  });

  test('a rendition of another aspect ratio than the one before it is padded, not stretched', () => {
    const renditions = [
      { width: 1920, height: 1080, ...rates },
      { width: 720, height: 720, ...rates },
    ];
    expect(videoFilter('0:i:256', renditions).split(';')[1]).toContain('pad=720:720');
  });

  test('a rendition of a ladder without a size is a programming error', () => {
    expect(() => videoFilter('0:i:256', [rates, rates])).toThrow('needs width and height');
  });
});
