import { expect, test } from 'vitest';
import { seekBarOf } from './seekBar.js';

const range = { start: 100, end: 400 };

test('a live stream counts back from where a live viewer is', () => {
  expect(seekBarOf({ range, time: 265, sync: 390 })).toEqual({
    ...{ min: 100, max: 390, value: 265, text: '−2:05', spoken: '2 min 05 s before live' },
  });
  expect(seekBarOf({ range, time: 395, sync: 390 })).toMatchObject({ value: 390, text: 'Live', spoken: 'live' });
});

test('a recording counts from its beginning', () => {
  expect(seekBarOf({ range, time: 165, sync: undefined })).toEqual({
    ...{ min: 100, max: 400, value: 165, text: '1:05 / 5:00', spoken: '1 min 05 s of 5 min 00 s' },
  });
});

test('a picture before the range, and a range without length, stay in bounds', () => {
  expect(seekBarOf({ range, time: 20, sync: 390 })).toMatchObject({ value: 100 });
  expect(seekBarOf({ range, time: 20, sync: 50 })).toMatchObject({ min: 100, max: 100, value: 100, text: 'Live' });
});
