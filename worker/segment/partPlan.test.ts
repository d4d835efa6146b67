import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PartPlan } from './partPlan.ts';
import { PartTarget } from './partTarget.ts';

/** The parts of pictures at a constant rate, as numbers of pictures; a segment is two GOPs. */
function partsOf(options: { fps: number; gop: number; pictures: number; wanted: number; gopIsKnown?: boolean }) {
  const { fps, gop, pictures, wanted } = options;
  const target = new PartTarget(wanted);
  const plan = new PartPlan({ target, ...(options.gopIsKnown ? { gopSeconds: gop / fps } : {}) });
  const parts: { pictures: number; seconds: number; isLast: boolean; isKey: boolean }[] = [];
  let start = 0;
  let isKey = true;
  for (let i = 0; i <= pictures; i += 1) {
    const dts = Math.round((i * 90_000) / fps);
    const picture = { dts, isKey: i % gop === 0 };
    const isSegment = i % (2 * gop) === 0;
    const begins = isSegment || plan.picture(picture);
    if (begins && i > 0) {
      const from = Math.round((start * 90_000) / fps);
      parts.push({ pictures: i - start, seconds: plan.seconds(dts - from), isLast: isSegment, isKey });
    }
    if (isSegment) plan.startSegment(picture, i === 0);
    if (begins) {
      start = i;
      isKey = picture.isKey;
    }
  }
  return { parts, target: target.seconds ?? Number.NaN };
}

test.each([
  [30, 30, [10, 10, 10]],
  [25, 25, [8, 8, 9]],
  [24, 24, [8, 8, 8]],
  [60, 60, [20, 20, 20]],
  [50, 50, [17, 16, 17]],
  [30, 60, [10, 10, 10]],
])('%d frames a second with a key frame every %d: parts of %j', (fps, gop, first) => {
  const { parts } = partsOf({ fps, gop, pictures: 4 * gop, wanted: 1 / 3, gopIsKnown: true });
  expect(parts.slice(0, 3).map(({ pictures }) => pictures)).toEqual(first);
});

test('any rate, any distance of key frames: at most the target, and 85 % of it where it must be', () => {
  const rates = fc.constantFrom(20, 23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60, 120);
  fc.assert(
    fc.property(
      rates,
      fc.integer({ min: 5, max: 300 }),
      fc.constantFrom(1 / 3, 0.35, 0.5, 1),
      fc.boolean(),
      (fps, gop, wanted, gopIsKnown) => {
        const { parts, target } = partsOf({ fps, gop, pictures: 4 * gop, wanted, gopIsKnown });
        expect(target).toBeGreaterThanOrEqual(wanted - 0.05 / fps);
        expect(target).toBeLessThan(wanted + 1 / fps + 0.001);
        for (const part of parts) {
          expect(part.seconds).toBeLessThanOrEqual(target);
          if (!part.isLast && !part.isKey) expect(part.seconds).toBeGreaterThanOrEqual(0.85 * target);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('where key frames come as expected and a GOP can be divided, each begins a part', () => {
  for (const fps of [24, 25, 30, 50, 60]) {
    const { parts } = partsOf({ fps, gop: fps, pictures: 8 * fps, wanted: 1 / 3, gopIsKnown: true });
    expect(parts.filter(({ isKey }) => isKey)).toHaveLength(8);
  }
});

test('a source that pauses makes no part longer than the target', () => {
  const target = new PartTarget(1 / 3);
  const plan = new PartPlan({ target });
  plan.startSegment({ dts: 0, isKey: true }, true);
  for (let i = 1; i < 15; i += 1) plan.picture({ dts: 3_000 * i, isKey: false });
  expect(plan.picture({ dts: 3_000 * 14 + 180_000, isKey: false })).toBe(true);
  expect(plan.seconds(180_000 + 12_000)).toBe(target.seconds);
});
