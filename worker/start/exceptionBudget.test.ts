import { expect, test } from 'vitest';
import { ExceptionBudget } from './exceptionBudget.ts';

test('survives five exceptions within a minute, not six, and any number far apart', () => {
  const budget = new ExceptionBudget();
  for (let i = 0; i < 20; i += 1) expect(budget.survives(i * 60_000)).toBe(true);
  const from = 20 * 60_000;
  expect([1, 2, 3, 4, 5, 6].map(second => budget.survives(from + second * 1_000))).toEqual([
    ...[true, true, true, true, true, false],
  ]);
});
