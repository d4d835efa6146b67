import { expect, test } from 'vitest';
import { Batch } from './batch.ts';

function doubling(most = 10) {
  const runs: number[][] = [];
  const batch = new Batch<number, number>(
    async items => {
      runs.push([...items]);
      if (items.includes(0)) throw new Error('no zeros');
      return items.map(item => 2 * item);
    },
    { windowMs: 1, most },
  );
  return { batch, runs };
}

test('calls of one moment are carried out together, and each gets its own answer', async () => {
  const { batch, runs } = doubling();
  expect(await Promise.all([1, 2, 3].map(n => batch.add(n)))).toEqual([2, 4, 6]);
  expect(await batch.add(4)).toBe(8);
  expect(runs).toEqual([[1, 2, 3], [4]]);
});

test('no more at a time than allowed', async () => {
  const { batch, runs } = doubling(2);
  await Promise.all([1, 2, 3].map(n => batch.add(n)));
  expect(runs).toEqual([[1, 2], [3]]);
});

test('a failure affects all of that batch, and none after it', async () => {
  const { batch } = doubling();
  const outcomes = await Promise.allSettled([batch.add(1), batch.add(0)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await batch.add(1)).toBe(2);
});
