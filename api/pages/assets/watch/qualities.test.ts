import { expect, test } from 'vitest';
import { levelOfHeight, qualityOptions } from './qualities.js';

const ladder = [
  { height: 480, bitrate: 1_500_000 },
  { height: 1_080, bitrate: 5_000_000 },
  { height: 720, bitrate: 3_000_000 },
];

test('a ladder: automatic with what it plays, then the best first', () => {
  expect(qualityOptions(ladder, 2)).toEqual([
    { value: 'auto', text: 'Auto (720p)' },
    { value: '1', text: '1080p' },
    { value: '2', text: '720p' },
    { value: '0', text: '480p' },
  ]);
  expect(qualityOptions(ladder, -1)[0]).toEqual({ value: 'auto', text: 'Auto' });
});

test('one quality is no choice', () => {
  expect(qualityOptions(ladder.slice(0, 1), 0)).toEqual([]);
  expect(qualityOptions([], -1)).toEqual([]);
});

test('levels of one height, or of none, are told apart by their rates', () => {
  const texts = qualityOptions([{ height: 720, bitrate: 6e6 }, { height: 720, bitrate: 3e6 }, { bitrate: 96_000 }], -1);
  expect(texts.map(({ text }) => text)).toEqual(['Auto', '720p, 6.0 Mbit/s', '720p, 3.0 Mbit/s', '0.1 Mbit/s']);
});

test('a chosen height is found again in another order, or not at all', () => {
  expect(levelOfHeight(ladder.toReversed(), 480)).toBe(2);
  expect(levelOfHeight(ladder, 360)).toBe(-1);
  expect(levelOfHeight([{ height: 0 }], 0)).toBe(-1);
});
