import { expect, test } from 'vitest';
import { OutputState } from './outputState.ts';

const after = (...states: Parameters<OutputState['enter']>[0][]) => {
  const state = new OutputState();
  return { state, entered: states.map(each => state.enter(each)) };
};

test.each([
  ['ending', 'ended'],
  ['handing_over', 'handed_over'],
] as const)('%s ends in order as %s, and stays that', (way, end) => {
  const { state } = after(way);
  expect(state.over.aborted).toBe(false);
  state.close();
  expect([state.is(end), state.over.aborted]).toEqual([true, true]);
  expect([state.enter('abandoned'), state.enter('open'), state.is(end)]).toEqual([false, false, true]);
});

test.each([[[]], [['ending']], [['handing_over']]] as const)(
  'after %j it can be abandoned, once and for good',
  before => {
    const { state } = after(...before);
    expect([state.enter('abandoned'), state.over.aborted]).toEqual([true, true]);
    state.close();
    expect([state.enter('ending'), state.enter('abandoned'), state.is('abandoned')]).toEqual([false, false, true]);
  },
);

test('an output without a decided end does not end in order', () => {
  const { state } = after();
  state.close();
  expect([state.is('open'), state.over.aborted]).toEqual([true, false]);
  expect(after('ending', 'handing_over').entered).toEqual([true, false]);
});
