import { expect, test } from 'vitest';
import { parseExposition } from './parseExposition.ts';

const family = (type: string, name: string, ...lines: string[]): string =>
  [`# HELP ${name} What it is`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');

test('reads what follows the format', () => {
  const text = family('gauge', 'streams_info', 'streams_info{status="READY",of="a\\"b\\\\"} 3');
  expect(parseExposition(text).get('streams_info')).toEqual({
    ...{ name: 'streams_info', type: 'gauge', help: 'What it is' },
    samples: [{ name: 'streams_info', labels: { status: 'READY', of: 'a"b\\' }, value: 3 }],
  });
});

test.each([
  ['a sample without a family', 'a 1\n'],
  ['a family in two pieces', `${family('gauge', 'a', 'a 1') + family('gauge', 'b', 'b 1')}a{x="1"} 1\n`],
  ['a family twice', family('gauge', 'a', 'a 1') + family('gauge', 'a', 'a{x="1"} 1')],
  ['a series twice', family('gauge', 'a', 'a{x="1",y="2"} 1', 'a{y="2",x="1"} 1')],
  ['a counter without _total', family('counter', 'a', 'a 1')],
  ['a gauge with _total', family('gauge', 'a_total', 'a_total 1')],
  ['a value that is no number', family('gauge', 'a', 'a soon')],
  ['a label twice', family('gauge', 'a', 'a{x="1",x="2"} 1')],
  ['a quote that is not escaped', family('gauge', 'a', 'a{x="1"2"} 1')],
  ['milliseconds', family('gauge', 'a_ms', 'a_ms 1')],
  [
    'buckets that shrink',
    family('histogram', 'a', 'a_bucket{le="1"} 2', 'a_bucket{le="+Inf"} 1', 'a_sum 1', 'a_count 1'),
  ],
  ['no last bucket', family('histogram', 'a', 'a_bucket{le="1"} 2', 'a_sum 1', 'a_count 2')],
  ['no newline at the end', '# HELP a b'],
])('refuses %s', (_what, text) => {
  expect(() => parseExposition(text)).toThrow();
});
