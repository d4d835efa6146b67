import { describe, expect, test } from 'vitest';
import { FfmpegHealth } from './ffmpegHealth.ts';
import { defaultLimits } from './transcodeLimits.ts';

const report = (frames: number, seconds: number) => ({ frames, seconds, duplicated: 0, dropped: 0 });

/** Feeds a chunk each 100 ms of [from, to). */
function feed(health: FfmpegHealth, from: number, to: number): void {
  for (let now = from; now < to; now += 100) health.fed(now, false);
}

describe('FfmpegHealth', () => {
  test('is well while pictures come', () => {
    const health = new FfmpegHealth(0);
    for (let now = 0; now < 60_000; now += 1_000) {
      feed(health, now, now + 1_000);
      health.reported(report(now / 40, now / 1_000));
      expect(health.fault(now + 1_000, now / 1_000, defaultLimits)).toBeUndefined();
    }
  });

  test('media for 10 s and no picture is a fault', () => {
    const health = new FfmpegHealth(0);
    feed(health, 0, 9_900);
    expect(health.fault(9_900, 10, defaultLimits)).toBeUndefined();
    feed(health, 9_900, 10_100);
    expect(health.fault(10_000, 10, defaultLimits)).toMatch(/no picture for 10 s/);
  });

  test('reports that repeat the same count are no progress', () => {
    const health = new FfmpegHealth(0);
    health.reported(report(30, 1));
    for (let now = 0; now <= 10_000; now += 1_000) {
      feed(health, now, now + 1_000);
      health.reported(report(30, 1));
    }
    expect(health.fault(11_000, 10, defaultLimits)).toMatch(/no picture/);
  });

  test('an encoder that pauses is not held against FFmpeg, nor is the start after the pause', () => {
    const health = new FfmpegHealth(0);
    feed(health, 0, 1_000);
    expect(health.fault(30_000, 1, defaultLimits)).toBeUndefined();
    feed(health, 30_000, 31_000);
    expect(health.fault(31_000, 2, defaultLimits)).toBeUndefined();
  });

  test('stdin that stays full for 10 s is a fault, even while pictures come', () => {
    const health = new FfmpegHealth(0);
    health.fed(0, true);
    health.reported(report(100, 4));
    expect(health.fault(9_999, 10, defaultLimits)).toBeUndefined();
    expect(health.fault(10_000, 10, defaultLimits)).toMatch(/took no media for 10 s/);
    health.drained(10_000);
    expect(health.fault(10_100, 10, defaultLimits)).toBeUndefined();
  });

  test('more than 1.5 times the media it got and 10 s is a run-away', () => {
    const health = new FfmpegHealth(0);
    feed(health, 0, 4_000);
    health.reported(report(480, 16));
    expect(health.fault(4_000, 3, defaultLimits)).toBeUndefined();
    health.reported(report(500, 16.1));
    expect(health.fault(4_000, 3, defaultLimits)).toMatch(/16 s of media out of 3 s/);
    expect(health.fault(4_000, 20, defaultLimits), 'a feed faster than real time is none').toBeUndefined();
  });
});
