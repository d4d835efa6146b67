import { expect, test } from 'vitest';
import { isForItsNode } from './isForItsNode.ts';

const record = { node: 'home', srtUrl: 'srt://home:20000', handedOver: '100000' };

test.each<[string, Record<string, string>, string, number, boolean]>([
  ['handed over a moment ago, elsewhere', record, 'away', 101_000, true],
  ['at home', record, 'home', 101_000, false],
  ['nobody at home took it', record, 'away', 110_000, false],
  ['its worker was lost', { node: 'home', srtUrl: 'srt://home:20000' }, 'away', 101_000, false],
  ['it was moved away from its node', { ...record, moved: '1' }, 'away', 101_000, false],
  ['it never had a port', { handedOver: '100000' }, 'away', 101_000, false],
  ['its encoder calls a router', { ...record, routed: '1' }, 'away', 101_000, false],
  ['a clock that is behind', record, 'away', 99_000, true],
])('%s', (_name, fields, node, now, left) => {
  expect(isForItsNode(fields, node, now)).toBe(left);
});
