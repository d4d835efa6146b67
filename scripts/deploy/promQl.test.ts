import { expect, test } from 'vitest';
import { promQl } from './promQl.ts';

test('reads metrics, labels and groups of an expression', () => {
  expect(promQl('sum by (le) (rate(a_bucket{x="1",y!~"b|c"}[5m])) / scalar(b) > 1')).toEqual({
    selectors: [
      {
        metric: 'a_bucket',
        matchers: [
          { label: 'x', operator: '=', value: '1' },
          { label: 'y', operator: '!~', value: 'b|c' },
        ],
      },
      { metric: 'b', matchers: [] },
    ],
    grouping: ['le'],
  });
});

test.each(['sum(', 'a{x=}', 'a b', 'rate(a[5])x'])('refuses %s', expression => {
  expect(() => promQl(expression)).toThrow('no PromQL');
});
