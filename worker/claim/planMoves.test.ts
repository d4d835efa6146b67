import fc from 'fast-check';
import { expect, test } from 'vitest';
import { idleWorker } from '../../common/testing/idleWorker.ts';
import type { ListedWorker } from '../../common/workers/workerStatus.ts';
import { planMoves } from './planMoves.ts';

const worker = (id: string, more: Partial<ListedWorker> = {}): ListedWorker => ({
  ...idleWorker(id, { node: 'away' }),
  isDrained: false,
  ...more,
});
const streams = (...costs: number[]) => costs.map((cost, i) => ({ run: `r${i}`, cost }));
const plan = (costs: number[], others: ListedWorker[]) => planMoves(streams(...costs), others, 'here');

test('a worker of the same node comes first: there the port stays', () => {
  const others = [worker('far', { slots: 9 }), worker('near', { node: 'here', slots: 1 })];
  expect(plan([1, 1], others)).toEqual([
    { run: 'r0', how: 'handed_over' },
    { run: 'r1', how: 'moved' },
  ]);
});

test.each<[string, number[], ListedWorker[], string[]]>([
  ['no other worker', [1], [], []],
  ['one that is draining, too', [1], [worker('w', { draining: true })], []],
  ['one that is overloaded', [1], [worker('w', { busy: 'its disk is nearly full' })], []],
  ['one that is full', [1], [worker('w', { streams: 2, used: 2, full: true })], []],
  ['room for some: the dearest first', [1, 3, 1], [worker('w', { slots: 4, streams: 1, used: 0.5 })], ['r1']],
  ['an empty one takes a stream of any cost', [3, 1], [worker('w', { slots: 2 })], ['r0']],
  [
    'cheap streams share a unit',
    [0.05, 0.05],
    [worker('w', { slots: 1, streams: 9, used: 0.9, full: false })],
    ['r0', 'r1'],
  ],
])('%s', (_name, costs, others, moved) => {
  expect(plan(costs, others).map(({ run }) => run)).toEqual(moved);
});

test('never gives a worker more than it has room for', () => {
  const cost = fc.constantFrom(0.05, 0.1, 1, 3);
  const other = fc.record({
    slots: fc.integer({ min: 1, max: 8 }),
    load: fc.array(cost, { minLength: 1, maxLength: 8 }),
  });
  fc.assert(
    fc.property(fc.array(cost, { maxLength: 30 }), fc.array(other, { maxLength: 4 }), (costs, rooms) => {
      const others = rooms.map(({ slots, load }, i) => {
        const used = load.reduce((sum, each) => sum + each, 0);
        return worker(`w${i}`, { slots, streams: load.length, used, full: used >= slots });
      });
      const room = others.reduce((sum, { slots, used = 0, full }) => sum + (full ? 0 : slots - used), 0);
      const moved = new Set(plan(costs, others).map(({ run }) => run));
      const units = streams(...costs).reduce((sum, { run, cost: each }) => sum + (moved.has(run) ? each : 0), 0);
      expect(units).toBeLessThanOrEqual(room + 1e-3);
    }),
  );
});
