import { expect, test } from 'vitest';
import { parseYaml } from './parseYaml.ts';

test('reads maps, lists, lists of maps and scalars', () => {
  const text = [
    '# a comment',
    'a:',
    '  b: "on"',
    '  example.com/c: 1',
    'list:',
    '  - one',
    '  - two: 2',
    '    three: true',
    '    four:',
    '      - x',
    'url: redis://host:6379',
    '---',
    'second: "a: b"',
  ].join('\n');
  expect(parseYaml(text)).toEqual([
    {
      a: { b: 'on', 'example.com/c': 1 },
      list: ['one', { two: 2, three: true, four: ['x'] }],
      url: 'redis://host:6379',
    },
    { second: 'a: b' },
  ]);
});

test.each([
  ['a: 1\na: 2', /line 2: a twice/],
  ['a: off', /line 1: put off into quotes/],
  ['a: [1]', /line 1: .* is not read here/],
  ['a:\n  b: 1\n   c: 2', /line 3: indented too far/],
  ['a:\nb: 1', /line 1: a key without a value/],
  ['a:\n\tb: 1', /line 2: a tab/],
  ['a: |', /line 1: .* is not read here/],
  ['just a sentence', /line 1: no "key: value"/],
])('refuses %j', (text, message) => {
  expect(() => parseYaml(text)).toThrow(message);
});
