import { expect, test } from 'vitest';
import { catchUp } from './catchUp.js';

test.each([
  [-0.2, 0.97, false],
  [-0.1, 0.97, false],
  [0, 1, false],
  [0.05, 1, false],
  [0.1, 1.02, false],
  [0.3, 1.05, false],
  [2, 1.1, false],
  [4.1, 1, true],
])('%s s late: rate %s, jumps %s', (late, rate, jumps) => {
  expect(catchUp(late)).toEqual({ rate, jumps });
});
