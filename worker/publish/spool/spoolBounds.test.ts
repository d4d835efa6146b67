import { expect, test } from 'vitest';
import { overBounds } from './spoolBounds.ts';
import type { SpooledEpoch } from './spooledEpochs.ts';

const now = 1_000_000;

/** Files of 100 bytes, by age in ms. */
function epoch(origin: string, ages: readonly number[], open = 0): SpooledEpoch {
  const closed = ages.map(age => ({ name: `s_${age}.ts`, bytes: 100, writtenAt: now - age }));
  return { origin, record: undefined, closed, bytes: closed.length * 100 + open, writtenAt: now };
}

const isLive = ({ origin }: SpooledEpoch): boolean => origin.startsWith('live');

test.each([
  ['nothing is dropped within the bounds', [epoch('live', [1]), epoch('dead', [2])], {}, []],
  [
    'a dead epoch before an older live one',
    [epoch('live', [50]), epoch('dead', [5])],
    { maxBytes: 100 },
    ['dead/s_5.ts'],
  ],
  [
    'the oldest first, over all dead epochs',
    [epoch('dead1', [9, 7]), epoch('dead2', [8])],
    { maxBytes: 100 },
    ['dead1/s_9.ts', 'dead2/s_8.ts'],
  ],
  [
    'a live one’s oldest when nothing else is left',
    [epoch('live', [9, 8, 7]), epoch('dead', [1])],
    { maxBytes: 200 },
    ['dead/s_1.ts', 'live/s_9.ts'],
  ],
  ['open files count, and are never dropped', [epoch('live', [1], 500)], { maxBytes: 300 }, ['live/s_1.ts']],
  [
    'what is too old goes, however much room there is',
    [epoch('dead', [99, 5]), epoch('live', [98])],
    { maxAgeMs: 50 },
    ['dead/s_99.ts', 'live/s_98.ts'],
  ],
  ['what went by age counts as gone', [epoch('dead', [99, 5])], { maxAgeMs: 50, maxBytes: 100 }, ['dead/s_99.ts']],
  ['a disk that is nearly full, whatever the bound', [epoch('dead', [9, 8])], { freeBytes: 10 }, ['dead/s_9.ts']],
] as const)('%s', (_name, epochs, given, expected) => {
  const { maxBytes = 1e9, maxAgeMs = 1e9, freeBytes = 1e9 } = given as Record<string, number>;
  const dropped = overBounds(epochs, isLive, { maxBytes, maxAgeMs }, { freeBytes, now });
  expect(dropped.map(({ file }) => file)).toEqual(expected);
});
