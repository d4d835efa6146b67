import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultProfileCosts } from '../../common/config/profileCosts.ts';
import { streamProfile } from '../../common/stream/streamProfile.ts';
import { Slots } from './slots.ts';

const slots = (units: number) => new Slots(units, defaultProfileCosts);

describe('Slots', () => {
  test('a transcode stream is one unit', () => {
    const three = slots(3);
    for (const key of ['a', 'b', 'c']) {
      expect(three.fits('transcode')).toBe(true);
      three.take(key, 'transcode');
    }
    expect({ used: three.used, fits: three.fitsAny }).toEqual({ used: 3, fits: false });
    three.giveBack('b');
    expect(three.fits('transcode')).toBe(true);
  });

  test('two units hold exactly forty passthrough streams', () => {
    const two = slots(2);
    let count = 0;
    while (two.fits('passthrough')) two.take(`${count++}`, 'passthrough');
    expect({ count, used: two.used, counts: two.counts }).toEqual({ count: 40, used: 2, counts: { passthrough: 40 } });
  });

  test('a worker without a stream takes one that costs more than it has, and none beside it', () => {
    const one = slots(1);
    expect(one.fits('ladder')).toBe(true);
    one.take('a', 'ladder');
    expect(one.fitsAny).toBe(false);
  });

  test('a dear stream does not fit where a cheap one does', () => {
    const two = slots(2);
    two.take('a', 'transcode');
    expect({ ladder: two.fits('ladder'), transcode: two.fits('transcode') }).toEqual({
      ladder: false,
      transcode: true,
    });
    expect({ all: two.fitsAll, any: two.fitsAny }).toEqual({ all: false, any: true });
  });

  test('what fits is never more than there is, whatever comes and goes', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...streamProfile.options), fc.nat(20), fc.boolean()));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, (units, all) => {
        const some = slots(units);
        const taken = new Set<string>();
        for (const [profile, key, goes] of all) {
          if (goes) {
            some.giveBack(`${key}`);
            taken.delete(`${key}`);
          } else if (!taken.has(`${key}`) && some.fits(profile)) {
            some.take(`${key}`, profile);
            taken.add(`${key}`);
          }
          expect(some.used <= units || taken.size === 1).toBe(true);
        }
      }),
    );
  });
});
