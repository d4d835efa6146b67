import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cut, CutPlan, type RungCuts } from './cutPlan.ts';

interface Key {
  pts: number;
  isKey: boolean;
}

/** A rung that is given its pictures one by one. */
class Rung {
  readonly cuts: Cut[] = [];
  readonly #plan: RungCuts;
  #left: Key[];

  constructor(plan: RungCuts, pictures: Key[]) {
    this.#plan = plan;
    this.#left = pictures;
  }

  get isDone(): boolean {
    return this.#left.length === 0;
  }

  step(): void {
    const [picture, ...rest] = this.#left;
    this.#left = rest;
    if (picture === undefined) return;
    const cut =
      this.cuts.length === 0 ? this.#plan.begin(picture.pts) : this.#plan.picture({ ...picture, dts: picture.pts });
    if (cut !== undefined) this.cuts.push(cut);
  }
}

const frame = 3_000;
const pictures = (keyEvery: (i: number) => boolean, count = 300, start = 0): Key[] =>
  Array.from({ length: count }, (_, i) => ({ pts: start + i * frame, isKey: i === 0 || keyEvery(i) }));

const single = (all: Key[], options: { targetSeconds: number; firstSeconds?: number }): number[] => {
  const rung = new Rung(new CutPlan({ firstNumber: 7, ...options }).rung(), all);
  while (!rung.isDone) rung.step();
  return rung.cuts.map(({ at }) => at / 90_000);
};

describe('CutPlan', () => {
  test.each([
    ['a short first segment, then the grid', 30, { targetSeconds: 4, firstSeconds: 1 }, [0, 1, 5, 9]],
    ['key frames off the grid do not move it', 36, { targetSeconds: 2 }, [0, 2.4, 4.8, 6, 8.4]],
    ['key frames further apart than the target', 150, { targetSeconds: 2 }, [0, 5]],
  ])('%s', (_, gop, options, cuts) => {
    expect(
      single(
        pictures(i => i % gop === 0),
        options,
      ),
    ).toEqual(cuts);
  });

  test('a key frame that rounding put a little before the line is on it', () => {
    const early = pictures(i => i % 60 === 0).map(({ pts, isKey }) => ({ isKey, pts: pts - (pts > 0 ? 1_499 : 0) }));
    expect(single(early, { targetSeconds: 2 })).toHaveLength(5);
  });

  test('rungs have the same cuts in whatever order their bytes arrive, and each number once', () => {
    const anyKeys = fc.array(fc.boolean(), { minLength: 100, maxLength: 100 });
    fc.assert(
      fc.property(anyKeys, fc.infiniteStream(fc.nat(2)), fc.nat(700), (keys, order, offset) => {
        const plan = new CutPlan({ firstNumber: 3, targetSeconds: 0.4, rungs: 3 });
        // The copied rung may be a rounding error off the others.
        const rungs = [0, 0, offset].map(
          start =>
            new Rung(
              plan.rung(),
              pictures(i => keys[i] === true, 100, start),
            ),
        );
        for (const i of order) {
          if (rungs.every(rung => rung.isDone)) break;
          (rungs[i]?.isDone ? rungs.find(rung => !rung.isDone) : rungs[i])?.step();
        }
        const [first] = rungs.map(rung => rung.cuts.map(({ number }) => number));
        for (const rung of rungs) expect(rung.cuts).toEqual(rungs[0]?.cuts);
        expect(first).toEqual(first?.map((_, i) => i + 3));
      }),
    );
  });

  test('a rung that lost a key frame is cut there too; where it is first, no rung is', () => {
    const whole = pictures(i => i % 60 === 0);
    const broken = pictures(i => i % 60 === 0 && i !== 120);
    for (const order of [
      [whole, broken],
      [broken, whole],
    ]) {
      const plan = new CutPlan({ firstNumber: 0, targetSeconds: 2, rungs: 2 });
      const rungs = order.map(all => new Rung(plan.rung(), all));
      for (const rung of rungs) while (!rung.isDone) rung.step();
      expect(rungs[1]?.cuts).toEqual(rungs[0]?.cuts);
      expect(rungs[0]?.cuts).toHaveLength(order[0] === whole ? 5 : 4);
    }
  });

  test('no rung is cut where another has already gone past without a key frame', () => {
    const plan = new CutPlan({ firstNumber: 0, targetSeconds: 2, rungs: 2 });
    const broken = new Rung(
      plan.rung(),
      pictures(i => i % 60 === 0 && i !== 120),
    );
    const whole = new Rung(
      plan.rung(),
      pictures(i => i % 60 === 0),
    );
    for (const rung of [broken, whole]) for (let i = 0; i < 130; i += 1) rung.step();
    for (const rung of [whole, broken]) while (!rung.isDone) rung.step();
    expect(whole.cuts.map(({ at }) => at / frame)).toEqual([0, 60, 180, 240]);
    expect(broken.cuts).toEqual(whole.cuts);
  });

  test('a rung that comes late to its first picture begins in the segment that is there by then', () => {
    const plan = new CutPlan({ firstNumber: 0, targetSeconds: 2, rungs: 2 });
    const all = pictures(i => i % 60 === 0);
    const [early, late] = [new Rung(plan.rung(), all), new Rung(plan.rung(), all.slice(75))];
    for (const rung of [early, late]) while (!rung.isDone) rung.step();
    expect(late.cuts.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(late.cuts.slice(1)).toEqual(early.cuts.slice(2));
  });

  test('more rungs than it was made for are refused', () => {
    const plan = new CutPlan({ firstNumber: 0, targetSeconds: 2 });
    plan.rung();
    expect(() => plan.rung()).toThrow('1 rungs');
  });
});
