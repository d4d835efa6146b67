import { beforeAll, expect, test } from 'vitest';
import { makeTs } from '../../transcode/testing/makeTs.ts';
import { frameHashes } from '../testing/frameHashes.ts';
import { ptsWrap } from '../ticks.ts';
import { TimeShift } from './timeShift.ts';

let ts: Buffer;
beforeAll(async () => {
  ts = await makeTs({ seconds: 2, video: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2'] });
});

function shifted(startPts: number | undefined, chunkBytes: number) {
  const shift = new TimeShift(startPts);
  const out: Buffer[] = [];
  const bytes = Buffer.from(ts);
  for (let at = 0; at < bytes.length; at += chunkBytes)
    shift.push(bytes.subarray(at, at + chunkBytes), packets => out.push(Buffer.from(packets)));
  return { out: Buffer.concat(out), firstPts: shift.firstPts };
}

test.each([100, 188, 1_316, 1_000_000])('moves all times, in chunks of %i bytes, and nothing else', async bytes => {
  const moved = shifted(90_000_000, bytes);
  expect(moved.firstPts).toBe(90_000_000);
  const [before, after] = [await frameHashes(ts, 'copy'), await frameHashes(moved.out, 'copy')];
  expect(after.video).toEqual(before.video);
  expect(after.audio).toEqual(before.audio);
  expect(after.warnings).toBe('');
  expect(after.videoStart).toBeCloseTo(1_000, 3);
  expect(after.audioStart - after.videoStart).toBeCloseTo(before.audioStart - before.videoStart, 6);
  expect(moved.out.length).toBe(ts.length);
});

test('back and forth, also across the wrap of 33 bits, it is what it was', () => {
  const first = shifted(undefined, 1_316).firstPts ?? 0;
  const there = shifted(ptsWrap - 30_000, 1_316).out;
  expect(there.equals(ts)).toBe(false);
  const back = new TimeShift(first);
  const out: Buffer[] = [];
  back.push(there, packets => out.push(packets));
  expect(Buffer.concat(out).equals(ts)).toBe(true);
});

test('without a time to move to it hands everything out as it came', () => {
  const { out, firstPts } = shifted(undefined, 777);
  expect(out.equals(ts)).toBe(true);
  expect(firstPts).toBeGreaterThan(0);
});
